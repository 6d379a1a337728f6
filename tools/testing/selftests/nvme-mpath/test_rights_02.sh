#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have processes give up their privileges while commands that need
# them are in flight, and lose the paths: a retry has the rights of its submission.
# So it has if they get privileges meanwhile, and if it brought those of another.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# drops <what> [nvme_mpath_io option]...: writes, by a file open for reading only
drops()
{
	local what=$1

	shift
	hold
	io_start --read-only -n 8 -q 8 -o write --same-data --on-usr2 setuid "$@" "$ng"
	must 10 "8 writes in flight" io_stuck 8
	kill -USR2 "$io"
	must 5 "no privileges" grep -q ^setuid "$io_log"
	lose_all 8
	release
	check "$what: writes of root are sent again for nobody" io_wait
}

# raises <what> [nvme_mpath_io option]...: writes of nobody that wait for a path
raises()
{
	local what=$1

	shift
	ana change
	must 10 "no usable path" ana_seen change
	io_start --read-only --user 65534 -n 8 -q 8 -o write --on-usr2 root "$@" "$ng"
	must 10 "8 writes that wait" io_stuck 8
	kill -USR2 "$io"
	must 5 "privileges" grep -q ^setuid "$io_log"
	ana optimized
	io_wait
	check "$what: writes of nobody are refused, though it is root by then" \
		is "-13:8" "$(io_value errors)"
}

begin 10
need_tools nvme
nvmet_up 2 0 -l 60
trace_path_errors
chmod 666 "$ng"
drops "plain"
drops "DEFER_TASKRUN" --mode defer
drops "SQPOLL" --mode sqpoll
drops "io-wq" --mode async
drops "by root's personality" --mode person
io_start --read-only --user 65534 -n 8 -q 8 -o write "$ng"
io_wait
check "nobody's own are refused" is "-13:8" "$(io_value errors)"
raises "plain"
raises "by nobody's personality" --mode person

# A target does not hold vendor commands. This ring does not look at their path
# errors before it has no privileges.
target_answers 0x6001
for c in $(ctrls); do
	inject "$(path_of_ctrl "$c")" 0x371 8
done
io_start -n 8 -q 8 --opcode 0x81 --flags failover --on-usr2 setuid --mode defer,spin "$ng"
must 10 "8 path errors" saw_path_errors 8
kill -USR2 "$io"
io_wait
check "vendor commands of root: answered by the target in the end" \
	is "0x6001:8" "$(io_value errors)"
check "as they were sent again" is "$((8 + $(path_errors)))" "$(target_answered)"
finish
