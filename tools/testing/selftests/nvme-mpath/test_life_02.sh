#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will try to unload the transport while an ioctl is in flight on one of
# its paths: that is refused until the ioctl has ended.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

unload_tcp()
{
	rmmod nvme_tcp 2>"$tmp/rmmod"
}

more_users()
{
	[ "$(cat /sys/module/nvme_tcp/refcnt)" -gt "$users" ]
}

begin 5
need_tools nvme
nvmet_up 2 0 -l 600
[ -e /sys/module/nvme_tcp/refcnt ] || skip_all "nvme-tcp is built in"
users=$(cat /sys/module/nvme_tcp/refcnt)
hold
io_start -n 1 --engine io64 -o read "$ng"
check "an ioctl in flight holds a reference to nvme-tcp" \
	wait_for 10 more_users
if more_users; then
	check "nvme-tcp cannot be unloaded while the ioctl is in flight" \
		eval '! unload_tcp'
else
	# rmmod would wait for the ioctl
	check "nvme-tcp cannot be unloaded while the ioctl is in flight" false
fi
release
check "the ioctl succeeds when the target answers" io_wait
check "the ioctl has dropped its reference to nvme-tcp" \
	test "$(cat /sys/module/nvme_tcp/refcnt)" -eq "$users"
# with lockdep a connection holds a reference, too
disconnect
check "nvme-tcp can be unloaded after the disconnect" wait_for 10 unload_tcp
finish
