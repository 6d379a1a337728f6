#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will cancel parked commands, by IORING_OP_ASYNC_CANCEL and
# IORING_REGISTER_SYNC_CANCEL, one of them or all, and see that these end with
# -ECANCELED and that the others stay parked.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# io_left <n> <errors> <result>: n commands are pending, the others ended with
# these errors, the cancellation returned the result
io_left()
{
	# with no command left the load ends by itself
	ended "$io" || io_report || return
	[ "$(io_value pending)" -eq "$1" ] &&
		[ "$(io_value errors)" = "$2" ] &&
		[ "$(io_value cancel)" = "$3" ]
}

only_these_failed()
{
	[ "$io_status" -eq 1 ] && [ "$(io_value errors)" = "$2" ] &&
		[ "$(io_value ok)" -eq "$1" ]
}

# one_kind <how> <result> <left> [nvme_mpath_io option]...: cancel some of 16
# parked commands
one_kind()
{
	local how=$1 result=$2 left=$3 what errors

	shift 3
	what="$how${*:+ with $*}"
	errors=-125:$((16 - left))
	ana inaccessible
	parked_load 16 -o write -t 600 --on-usr2 "$how" "$@" "$ng"
	kill -USR2 "$io"
	check "$what: returns $result, $((16 - left)) of 16 parked commands end with -ECANCELED" \
		wait_for 20 io_left "$left" "$errors" "$result"
	ana optimized
	io_wait
	check "$what: the $left commands that stayed parked succeed" \
		only_these_failed "$left" "$errors"
}

begin 28
need_tools nvme
nvmet_up 2 0

one_kind cancel 0 15
one_kind cancel-fd 0 15
one_kind cancel-all 16 0
one_kind cancel-any 16 0
one_kind cancel-sync 16 0
one_kind cancel 0 15 --mode defer
one_kind cancel-all 16 0 --mode defer
one_kind cancel-sync 16 0 --mode defer
one_kind cancel 0 15 --mode async
one_kind cancel-all 16 0 --mode async,defer
one_kind cancel-all 16 0 --mode sqpoll
one_kind cancel-all 16 0 --mode file,ring
one_kind cancel-fd 0 15 --mode file
# an IOPOLL ring takes no cancel request
one_kind cancel-sync 16 0 --mode iopoll
finish
