#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will change the user of processes whose commands are in flight or
# parked, and lose the paths: a retry has the rights of the submission, whether the
# process drops privileges, gains them, or used a personality.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# drops <what> [nvme_mpath_io option]...: root writes to a file open for reading
# only, and becomes nobody
drops()
{
	local what=$1

	shift
	held_load 8 --read-only -n 8 -o write --same-data --on-usr2 setuid "$@" "$ng"
	kill -USR2 "$io"
	must 5 "no privileges" grep -q ^setuid "$io_log"
	lose_all 8
	release
	check "$what: writes of root, nobody by then, succeed on retry" io_wait
}

# raises <what> [nvme_mpath_io option]...: writes of nobody are parked, and nobody
# becomes root
raises()
{
	local what=$1

	shift
	no_usable_path change
	parked_load 8 --read-only --user 65534 -o write --on-usr2 root "$@" "$ng"
	kill -USR2 "$io"
	must 5 "privileges" grep -q ^setuid "$io_log"
	ana optimized
	io_wait
	check "$what: parked writes of nobody, root by then, are refused with -EACCES" \
		is "-13:8" "$(io_value errors)"
}

begin 10
need_tools nvme
can_inject
nvmet_up 2 0 -l 600
trace_path_errors
chmod 666 "$ng"
drops "plain ring"
drops "DEFER_TASKRUN" --mode defer
drops "SQPOLL" --mode sqpoll
drops "io-wq" --mode async
drops "personality of root" --mode person
io_start --read-only --user 65534 -n 8 -q 8 -o write "$ng"
io_wait
check "writes of nobody on a read-only file are refused with -EACCES" \
	is "-13:8" "$(io_value errors)"
raises "plain ring"
raises "personality of nobody" --mode person

# The target cannot hold vendor commands. This ring handles their path errors only
# after it has dropped its privileges.
target_answers 0x6001
inject_paths 0x371 8
io_start -n 8 -q 8 --opcode 0x81 --flags failover --on-usr2 setuid --mode defer,spin "$ng"
must 10 "8 path errors" saw_path_errors 8
kill -USR2 "$io"
io_wait
check "vendor commands of root, nobody by then, get the answer of the target" \
	is "0x6001:8" "$(io_value errors)"
check "the target saw 8 vendor commands, and one retry for each path error" \
	is "$((8 + $(path_errors)))" "$(target_answered)"
finish
