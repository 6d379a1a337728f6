#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will cancel commands while io-wq has them and they wait for a tag, and then
# take all paths: what has been cancelled must not wait for a path.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

is_cancelled()
{
	ended "$io" || { io_report && [ "$(io_value cancel)" != -2147483648 ]; }
}

# those that are in flight have a tag, and cannot be cancelled
only_cancelled()
{
	[ "$io_status" -eq 1 ] && [ "$(io_value ok)" -ge 1 ] &&
		[[ $(io_value errors) =~ ^-125:[0-9]+$ ]]
}

# one_kind <how> [nvme_mpath_io option]...
one_kind()
{
	local how=$1 what

	shift
	what="$how${*:+ with $*}"
	held_load 64 -n 64 -o write --on-usr2 "$how" "$@" "$ng"
	kill -USR2 "$io"
	must 20 "a cancellation" is_cancelled
	no_usable_path inaccessible
	release
	check "$what: no command waits for a path" wait_for 20 ended "$io"
	ana optimized
	io_wait
	check "$what: what waited for a tag ends with -ECANCELED" only_cancelled
}

begin 8
need_tools nvme
# a path has fewer tags than there are commands, and the other path is not used
nvmet_up 2 0 -l 600 -i 1 -P 1 -Q 16

one_kind cancel-all
one_kind cancel-any --mode defer
# a request to cancel would wait behind these
one_kind cancel-sync --mode async
one_kind cancel-sync --mode iopoll
finish
