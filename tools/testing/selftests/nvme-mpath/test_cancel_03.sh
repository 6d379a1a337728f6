#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see that cancellations and linked timeouts leave commands in
# flight alone, as on the unpatched kernel.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

cancel_answered()
{
	io_report && [ "$(io_value cancel)" = "$1" ]
}

# one_kind <how> <result> [nvme_mpath_io option]...
one_kind()
{
	local how=$1 result=$2 what

	shift 2
	what="$how${*:+ with $*}"
	held_load 16 -n 16 -o write --on-usr2 "$how" "$@" "$ng"
	kill -USR2 "$io"
	check "$what: the cancellation of commands in flight returns $result" \
		wait_for 10 cancel_answered "$result"
	check "$what: all 16 commands are still in flight afterwards" io_stuck 16
	release
	check "$what: all 16 commands succeed when the target answers" io_wait
}

begin 15
need_tools nvme
nvmet_up 2 0 -l 600

one_kind cancel -2
one_kind cancel-all 0
one_kind cancel-any 0 --mode defer
one_kind cancel-sync 0
held_load 16 -n 16 -o write --link-timeout 500 "$ng"
# all timeouts expire meanwhile
wait_for 1 false
check "LINK_TIMEOUT: all 16 commands are in flight after their timeouts" \
	io_stuck 16
release
check "LINK_TIMEOUT: all 16 commands succeed when the target answers" io_wait
check "LINK_TIMEOUT: no timeout reports that it ended a command" \
	test "$(io_value timed_out)" = 0
finish
