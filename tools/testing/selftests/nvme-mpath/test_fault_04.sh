#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let a target close its connections when the host has connected all
# queues, but the controller is not live yet: it waits for a request of the path,
# whose page is missing. It becomes live without a connection, and has to notice.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# logged <text>: how often the driver has said that of the controller
logged()
{
	dmesg | grep -c "$c: $1"
}

# logged_again <text> <n>: more than n times
logged_again()
{
	[ "$(logged "$1")" -gt "$2" ]
}

answers()
{
	nvme id-ctrl "/dev/$c" >"$tmp/id" 2>&1
}

begin 3
need_tools nvme
nvmet_up 2 0 -l 600
c=$(ctrl_of_port 1)
# by the node of the controller: with a request of its path
missing_page "/dev/$c" write ioctl
unsent=$(logged "failed to send request")
created=$(logged "creating")
echo 1 >"/sys/class/nvme/$c/reset_controller" 2>"$tmp/reset" &
reset=$!
must 20 "a controller that connects its queues" logged_again creating "$created"
sleep $((2 * SLOW))
port_down 1
sleep $((2 * SLOW))
port_up 1
check "the controller is not live before the request has ended" \
	test "$(ctrl_state "$c")" = connecting
kill -USR1 "$faulting"
wait "$faulting" $reset
must 20 "a live controller without a connection" \
	logged_again "failed to send request" "$unsent"
check "its connections are made again, and it answers" wait_for 30 answers
must 20 "two live paths" paths_live 2
check_nothing_left
finish
