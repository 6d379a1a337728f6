#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see that cancellations and linked timeouts leave commands that
# are in flight alone, as they always did.
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
	local how=$1 result=$2

	shift 2
	hold
	io_start -n 16 -q 16 -o write --on-usr2 "$how" "$@" "$ng"
	must 10 "16 commands in flight" io_stuck 16
	kill -USR2 "$io"
	check "$how $*: is answered with $result" \
		wait_for 10 cancel_answered "$result"
	check "$how $*: all commands are still in flight" io_stuck 16
	release
	check "$how $*: all commands succeed" io_wait
}

begin 15
need_tools nvme
nvmet_up 2 0 -l 60

one_kind cancel -2
one_kind cancel-all 0
one_kind cancel-any 0 --mode defer
one_kind cancel-sync 0
hold
io_start -n 16 -q 16 -o write --link-timeout 500 "$ng"
must 10 "16 commands in flight" io_stuck 16
# all timeouts expire meanwhile
wait_for 1 false
check "LINK_TIMEOUT: all commands are still in flight" io_stuck 16
release
check "LINK_TIMEOUT: all commands succeed" io_wait
check "LINK_TIMEOUT: none was ended" test "$(io_value timed_out)" = 0
finish
