#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will kill processes that have not reaped the answers to parked
# commands, which ended when the last path of the head went.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

all_given_up()
{
	[ "$(traced give_up)" -eq 16 ]
}

# one_mode <mode>: 16 commands are answered, and the process does not reap
one_mode()
{
	nvmet_up 2 0
	ana inaccessible
	trace_passthru
	parked_load 16 --patience 600 --on-usr2 pause --mode "$1" "$ng"
	kill -USR2 "$io"
	disconnect
	check "$1: 16 parked commands end when the last path goes" \
		wait_for 10 all_given_up
	check "$1: a process that has not reaped them can be killed" \
		io_end KILL pause
	ktap_print_msg "$1: took $took ms"
	check "$1: the subsystem goes: nothing pins the head" \
		wait_for 10 subsys_gone
	run_exit_commands_keep_tmp
}

begin 12
need_tools nvme
for mode in coop iopoll sqpoll,iopoll async,iopoll; do
	one_mode "$mode"
done
finish
