#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let a target close its connections when the host has connected all
# queues, but the controller is not live yet: it waits for a request of the path,
# whose page is missing. It becomes live without a connection, and has to notice.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# unsent: how many requests could not be sent since the test began
unsent()
{
	dmesg | grep -c "$c: failed to send request"
}

state_is()
{
	[ "$(ctrl_state "$c")" = "$1" ]
}

sent_in_vain()
{
	[ "$(unsent)" -gt "$before" ]
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
before=$(unsent)
echo 1 >"/sys/class/nvme/$c/reset_controller" 2>"$tmp/reset" &
reset=$!
must 20 "a controller that connects" state_is connecting
sleep $((2 * SLOW))
port_down 1
sleep $((2 * SLOW))
port_up 1
check "the controller is not live before the request has ended" \
	state_is connecting
kill -USR1 "$faulting"
wait "$faulting" $reset
must 20 "a live controller without a connection" sent_in_vain
check "its connections are made again, and it answers" wait_for 30 answers
must 20 "two live paths" paths_live 2
check_nothing_left
finish
