#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will take the page of a command in flight away, and then its path: the
# retry waits for the page in the submitter, keeps no controller from a reset,
# can be killed, and succeeds when the page is there.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# missing_in_retry <read|write> [vec] [async]: sets $faulting; its first attempt was
# lost, and the retry lacks its page
missing_in_retry()
{
	taken_page "$ng" "$@"
	reset_all
	must 10 "a lost command" saw_path_errors 1
	release
	wait_for 10 grep -q 'missing: submitter' "$tmp/fault"
}

# waits <what> <option>...
waits()
{
	local what=$1

	shift
	check "$what, its path lost: the retry waits for its page in the submitter" \
		missing_in_retry "$@"
	reset_all
	kill -USR1 "$faulting"
	wait_for 10 ended "$faulting"
	check "$what: it succeeds when the page is there, after another reset" \
		grep -q '^res=0$' "$tmp/fault"
	ktap_print_msg "$(tr '\n' ' ' <"$tmp/fault")"
	kill -9 "$faulting" 2>/dev/null
}

# dies <what> <option>...
dies()
{
	local what=$1 waiting

	shift
	missing_in_retry "$@"
	waiting=$?
	kill -9 "$faulting"
	wait_for 10 ended "$faulting" || waiting=1
	check "$what: a retry that waits for its page ends with its process" \
		test $waiting = 0
}

begin 11
need_tools nvme
[ -e /proc/sys/vm/unprivileged_userfaultfd ] ||
	skip_all "no userfaultfd (CONFIG_USERFAULTFD)"
nvmet_up 2 0 -l 600
trace_path_errors
waits "a write" write
waits "a read" read
waits "a vectored write" write vec
waits "a write by io-wq" write async
dies "a write" write
dies "a read by io-wq" read async
check_nothing_left
finish
