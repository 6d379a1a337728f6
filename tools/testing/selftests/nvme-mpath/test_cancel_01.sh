#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will cancel commands that wait for a path, by IORING_OP_ASYNC_CANCEL
# and IORING_REGISTER_SYNC_CANCEL, one of them or all, and see that these end
# with -ECANCELED and the others go on to wait.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# io_left <n> <errors> <result>: of the commands, and of the cancellation
io_left()
{
	# with none left it ends by itself
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

# one_kind <how> <result> <left> [nvme_mpath_io option]...: of 16 commands
one_kind()
{
	local how=$1 result=$2 left=$3 errors

	shift 3
	errors=-125:$((16 - left))
	ana inaccessible
	io_start -n 16 -q 16 -o write -t 600 --on-usr2 "$how" "$@" "$ng"
	must 10 "commands that wait" io_stuck 16
	kill -USR2 "$io"
	check "$how $*: is answered with $result, $((16 - left)) are cancelled" \
		wait_for 20 io_left "$left" "$errors" "$result"
	ana optimized
	io_wait
	check "$how $*: the others succeed" only_these_failed "$left" "$errors"
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
# an IOPOLL ring takes no request that cancels
one_kind cancel-sync 16 0 --mode iopoll
finish
