#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end commands in every way there is while paths are chosen by
# queue depth: none of them stays counted as active on a path.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# one_by_one: which controllers get commands that are sent when all is idle
one_by_one()
{
	trace_event nvme/nvme_setup_cmd 'qid > 0'
	io_start -n 10 -q 1 -o read "$ng"
	wait "$io"
	grep -o 'nvme_setup_cmd: nvme[0-9]*' "$TRACING/trace" | sort -u |
		tr '\n' ' '
}

# ended_by <what>: with all commands gone, the first path is chosen as at first
ended_by()
{
	check "$1: no path counts commands" is "$first" "$(one_by_one)"
}

# flying: 8 writes held in flight
flying()
{
	hold
	io_start -t 600 -n 8 -q 8 -o write --same-data "$ng"
	must 10 "8 writes in flight" io_stuck 8
}

begin 10
need_tools nvme
nvmet_up 2 0 -l 60
echo queue-depth >"$subsys/iopolicy"
[ "$(cat "$subsys/iopolicy")" = queue-depth ] ||
	skip_all "no iopolicy queue-depth"
first=$(one_by_one)
check "idle: one path is the first" is 1 "$(wc -w <<<"${first//nvme_setup_cmd: /}")"

# a command is no bio that the head was given: none of its completes
trace_event block/block_bio_complete 'nr_sector > 0'
io_start -n 64 -o rw "$ng"
io_wait
# paths have no number of their own
check "no bio completes on the head or its paths that was not queued" is 0 \
	"$(grep -cE "block_bio_complete: (0,0|$(tr ':' ',' \
		<"/sys/block/$head/dev")) " "$TRACING/trace")"
echo 0 >"$TRACING/events/block/block_bio_complete/enable"
ended_by "done"

trace_path_errors
flying
lose_all 8
release
check "failed over: the writes succeed" io_wait
ended_by "failed over"

ana change
must 10 "no usable path" ana_seen change
io_start -n 8 -q 8 -o write --on-usr2 cancel-all "$ng"
must 10 "8 writes that wait" io_stuck 8
kill -USR2 "$io"
wait_for 10 ended "$io"
kill -9 "$io" 2>/dev/null
ana optimized
must 10 "usable paths" ana_seen optimized
ended_by "cancelled, or killed while it waits"

flying
kill -9 "$io"
release
must 10 "the process gone" ended "$io"
ended_by "killed in flight"

policy none
flying
reset_all
release
io_wait
check "refused: the writes fail" is "-4:8" "$(io_value errors)"
ended_by "refused"

policy idempotent
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
wait_for 10 no_ctrl
check "controllers go with no command counted" \
	test "$(log_since_begin | grep -c 'counted as active')" = 0
finish
