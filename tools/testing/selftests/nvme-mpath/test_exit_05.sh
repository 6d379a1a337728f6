#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will kill a process whose commands wait on a head while another one
# keeps its ring open, and see that they end with the one that sent them.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# one_mode <mode>
one_mode()
{
	local child

	io_start -n 16 -q 16 --patience 600 --mode "shared,$1" "$ng"
	must 10 "commands that wait" io_stuck 16
	child=$(sed -n 's/^shared=//p' "$io_log")
	at_exit "kill -9 $child"
	kill -9 "$io"
	check "$1: the process is gone" wait_for 10 ended "$io"
	wait "$io" 2>/dev/null
	check "$1: the other one sees its commands answered" \
		wait_for 10 grep -q answered=16 "$io_log"
	check "$1: and is still there" kill -0 "$child"
	kill -9 "$child"
}

begin 10
need_tools nvme
nvmet_up 2 0
ana inaccessible
one_mode coop
one_mode async
# its thread is the submitter here, and dies with the process
one_mode sqpoll
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
check "nothing is left on the head" wait_for 10 subsys_gone
finish
