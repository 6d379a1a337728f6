#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will try to unload the transport while an ioctl is in flight on a
# path of it, and see that this is refused, and is not when the ioctl is over.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

unload()
{
	rmmod nvme_tcp 2>"$tmp/rmmod"
}

more_users()
{
	[ "$(cat /sys/module/nvme_tcp/refcnt)" -gt "$users" ]
}

begin 5
need_tools nvme
nvmet_up 2 0 -l 60
[ -e /sys/module/nvme_tcp/refcnt ] || skip_all "nvme-tcp is built in"
users=$(cat /sys/module/nvme_tcp/refcnt)
hold
io_start -n 1 --engine io64 -o read "$ng"
check "an ioctl is a user of its path's transport" \
	wait_for 10 more_users
if more_users; then
	check "which is not unloaded" eval '! unload'
else
	# that would wait for the ioctl
	check "which is not unloaded" false
fi
release
check "the ioctl succeeds" io_wait
check "and is no user any more" \
	test "$(cat /sys/module/nvme_tcp/refcnt)" -eq "$users"
# with lockdep a connection is a user, too
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
check "which can be unloaded when it is disconnected" wait_for 10 unload
finish
