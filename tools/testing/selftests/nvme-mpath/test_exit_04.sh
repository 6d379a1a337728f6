#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end processes and rings of every mode that have commands in
# flight, on paths that are lost at that moment and do not come back.
# 6.12 polls for requests that are gone. That can keep a process or panic in
# nvme-tcp, but does not always. 7.3 has not been seen to fail.
# Patched modules on an unpatched 6.12 do not change that (see
# io_uring-iopoll-ring-exit): there commands of a polled ring are lost before it ends.
# stock: fail panic pass:7.3
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# the_end <how> <signal> <action of --on-usr2> <mode>
the_end()
{
	local how=$1 signal=$2 at_usr2=$3 mode=$4 before

	hold
	io_start -q 16 -t 600 --patience 600 -o rw --same-data \
		--on-usr2 "$at_usr2" --mode "$mode" "$ng"
	must 20 "16 commands in flight" io_stuck 16
	before=$(path_errors)
	all_ports port_down
	if [ -n "$lost_first" ] && [[ $mode = *iopoll* ]]; then
		must 20 "16 commands lost and parked" are_parked 16
	fi
	io_end "$signal" "$at_usr2" || times+=" DID NOT END:"
	times+=$(printf ' %s %d ms,' "$how" "$took")
	wait_for 10 saw_path_errors $((before + 16)) ||
		times+=" NOT LOST:"
	release
	all_ports port_up
	must 20 "two live paths" paths_live 2
}

all_ends()
{
	local mode=$1 times=''

	the_end SIGKILL KILL ignore "$mode"
	the_end exec USR2 exec "$mode"
	the_end close USR2 close "$mode"
	ktap_print_msg "$mode:$times"
	[[ $times != *NOT* ]]
}

begin 8
need_tools nvme
nvmet_up 2 0 -l 600
trace_path_errors
lost_first=''
[ ! -e "/sys/block/$head/passthru_parked" ] || io_uring_patched ||
	lost_first=1
for mode in coop defer sqpoll iopoll sqpoll,iopoll defer,iopoll; do
	check "$mode: SIGKILL, exec and close end with 16 lost commands, without a path" \
		all_ends "$mode"
done

io_start -n 100 -o rw --same-data "$ng"
check "after the test's faults a load on the head succeeds" io_wait
check_nothing_left
finish
