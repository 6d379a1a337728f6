#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end processes that have not looked at the answers to commands
# which waited on a head until its last path was gone.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

all_given_up()
{
	[ "$(traced give_up)" -eq 16 ]
}

# one_mode <mode>: 16 commands are answered, and nobody reaps
one_mode()
{
	nvmet_up 2 0
	ana inaccessible
	trace_passthru
	io_start -n 16 -q 16 --patience 600 --on-usr2 pause --mode "$1" "$ng"
	must 10 "commands that wait" io_stuck 16
	kill -USR2 "$io"
	nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
	check "$1: no path left, all are answered" wait_for 10 all_given_up
	check "$1: the process can be killed" io_end KILL pause
	ktap_print_msg "$1: took $took ms"
	check "$1: nothing is left on the head" wait_for 10 subsys_gone
	run_exit_commands_keep_tmp
}

begin 12
need_tools nvme
for mode in coop iopoll sqpoll,iopoll async,iopoll; do
	one_mode "$mode"
done
finish
