#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end processes and rings of every mode that have commands in
# flight on paths that are lost in that moment and do not come back.
# 6.12 polls for requests that are gone, which can keep a process or be a panic in
# nvme-tcp, but now and then nothing comes of it. On 7.3 nothing has been seen.
# stock: fail panic pass:7.3
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# the_end <how> <signal> <2nd option> <mode>
the_end()
{
	local how=$1 signal=$2 at_usr2=$3 mode=$4 before

	hold
	io_start -q 16 -t 600 --patience 600 -o rw --same-data \
		--on-usr2 "$at_usr2" --mode "$mode" "$ng"
	must 20 "16 commands in flight" io_stuck 16
	before=$(path_errors)
	port_down 1
	port_down 2
	io_end "$signal" "$at_usr2" || times+=" DID NOT END:"
	times+=$(printf ' %s %d ms,' "$how" "$took")
	wait_for 10 saw_path_errors $((before + 16)) ||
		times+=" NOT LOST:"
	release
	port_up 1
	port_up 2
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
nvmet_up 2 0 -l 60
trace_path_errors
for mode in coop defer sqpoll iopoll sqpoll,iopoll defer,iopoll; do
	check "$mode: they end with no path in sight" all_ends "$mode"
done

io_start -n 100 -o rw --same-data "$ng"
check "the head works as before" io_wait
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
check "nothing is left on the head" wait_for 10 subsys_gone
finish
