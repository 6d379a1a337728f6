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
	local how=$1 signal=$2 at_usr2=$3 mode=$4

	io_start -q 16 -t 600 -p 600 -o rw -s -2 "$at_usr2" -m "$mode" "$ng"
	must 10 "load" io_busy
	port_down 1
	port_down 2
	io_end "$signal" "$at_usr2"
	times+=$(printf ' %s %d ms,' "$how" "$took")
	port_up 1
	port_up 2
	must 20 "two live paths" paths_live 2
	[ "$took" -lt $((1000 * SLOW)) ]
}

all_ends()
{
	local mode=$1 times='' ok=0

	the_end SIGKILL KILL ignore "$mode" &&
		the_end exec USR2 exec "$mode" &&
		the_end close USR2 close "$mode" || ok=1
	ktap_print_msg "$mode:$times"
	return $ok
}

begin 8
need_tools nvme
nvmet_up 2 100 -l 60
for mode in coop defer sqpoll iopoll sqpoll,iopoll defer,iopoll; do
	check "$mode: gone within a second" all_ends "$mode"
done

io_start -n 100 -o rw -s "$ng"
check "the head works as before" io_wait
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
check "nothing is left on the head" wait_for 10 subsys_gone
finish
