#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will kill a process that has parked commands while another one keeps
# its ring open, and see that the commands end with the process that sent them.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# one_mode <mode>
one_mode()
{
	local child

	parked_load 16 --patience 600 --mode "shared,$1" "$ng"
	child=$(sed -n 's/^shared=//p' "$io_log")
	at_exit "kill -9 $child"
	kill -9 "$io"
	check "$1: the submitter of 16 parked commands can be killed" \
		wait_for 10 ended "$io"
	wait "$io" 2>/dev/null
	check "$1: the process that shares the ring sees 16 answers" \
		wait_for 10 grep -q answered=16 "$io_log"
	check "$1: the process that shares the ring is still alive" \
		kill -0 "$child"
	kill -9 "$child"
}

begin 10
need_tools nvme
nvmet_up 2 0
ana inaccessible
one_mode coop
one_mode async
# the submitter is the SQPOLL thread, which dies with the process
one_mode sqpoll
check_nothing_left
finish
