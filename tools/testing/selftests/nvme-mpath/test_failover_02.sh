#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset nvme-tcp controllers with commands in flight, and see that
# another path, or the same one when it is back, answers them.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# reset_under_load [nvme_mpath_io option]...: all controllers at once
reset_under_load()
{
	io_start -t 600 -o rw --same-data "$@" "$ng"
	must 10 "load" io_busy
	hold_load 16
	reset_all
	release
	must 20 "answers" io_moves
	io_stop
}

# resets_end: of all controllers, one after the other
resets_end()
{
	local c

	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/reset_controller" &
		wait_for 20 ended $! || return
	done
}

stopped()
{
	grep -q '^State:[[:space:]]*T' "/proc/$io/status"
}

begin 8
need_tools nvme
nvmet_up 2 0 -l 600
trace_path_errors

io_start -t 600 -o rw --same-data "$ng"
must 10 "load" io_busy
for c in $(ctrls); do
	hold_load 16
	reset_one "$c"
	release
	must 20 "answers" io_moves
done
check "one reset after the other: all commands succeed" io_stop
check "one reset after the other: 16 commands in flight were lost" \
	saw_path_errors 16
lost=$(path_errors)

check "both paths reset at once: all commands succeed" reset_under_load
check "both paths reset at once: 16 commands in flight were lost" \
	saw_path_errors $((lost + 16))
lost=$(path_errors)

check "both paths reset at once, DEFER_TASKRUN: all commands succeed" \
	reset_under_load --mode defer
check "both paths reset at once, DEFER_TASKRUN: 16 commands in flight were lost" \
	saw_path_errors $((lost + 16))
lost=$(path_errors)

# A stopped process runs no task work: what a reset needs is done without it.
held_load 16 -n 16 -o rw --same-data "$ng"
kill -STOP "$io"
must 10 "a stopped process" stopped
check "a stopped process: resets do not wait for its commands" resets_end
kill -CONT "$io"
release
check "a stopped process: all 16 commands succeed when it goes on" io_wait
finish
