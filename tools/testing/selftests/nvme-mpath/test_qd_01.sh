#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end commands in every possible way under iopolicy queue-depth: no
# path counts one as active afterwards.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# one_by_one: the controllers that get commands while all paths are idle
one_by_one()
{
	trace_sent
	io_start -n 10 -q 1 -o read "$ng"
	wait "$io"
	grep -o 'nvme_setup_cmd: nvme[0-9]*' "$TRACING/trace" | sort -u |
		tr '\n' ' '
}

# ended_by <what>: without a command outstanding the same path is the first
ended_by()
{
	check "commands $1: idle paths are chosen as at the start of the test" \
		is "$first" "$(one_by_one)"
}

# flying: 8 writes held in flight
flying()
{
	held_load 8 -t 600 -n 8 -o write --same-data "$ng"
}

begin 12
need_tools nvme
nvmet_up 2 0 -l 600
echo queue-depth >"$subsys/iopolicy"
[ "$(cat "$subsys/iopolicy")" = queue-depth ] ||
	skip_all "no iopolicy queue-depth"
first=$(one_by_one)
check "on idle paths one path gets all commands" \
	is 1 "$(wc -w <<<"${first//nvme_setup_cmd: /}")"

# a passthrough command is not a bio of the head: no bio may complete
trace_event block/block_bio_complete 'nr_sector > 0'
io_start -n 64 -o rw "$ng"
io_wait
# the disks of paths have no device number
check "passthrough completes no bio on the head or its paths" is 0 \
	"$(grep -cE "block_bio_complete: (0,0|$(tr ':' ',' \
		<"/sys/block/$head/dev")) " "$TRACING/trace")"
echo 0 >"$TRACING/events/block/block_bio_complete/enable"
ended_by "that succeeded"

trace_path_errors
flying
lose_all 8
release
check "all 8 writes lost by a reset succeed on retry" io_wait
ended_by "that failed over"

no_usable_path change
parked_load 8 -o write --on-usr2 cancel-all "$ng"
kill -USR2 "$io"
wait_for 10 ended "$io"
kill -9 "$io" 2>/dev/null
usable_paths
ended_by "cancelled while parked, or killed with their process"

flying
kill -9 "$io"
release
must 10 "the process gone" ended "$io"
ended_by "killed in flight with their process"

policy none
flying
reset_all
release
io_wait
check "policy none: 8 writes lost by a reset end with -EINTR" \
	is "-4:8" "$(io_value errors)"
ended_by "refused by the policy"

# a reset clears the counter, a refusal does not
policy idempotent
echo >"$TRACING/trace"
ana_unannounced inaccessible 1
io_start -n 64 -o rw "$ng"
check "all 64 commands succeed while a port refuses them" io_wait
must 5 "a refused command" saw_path_errors 1
ana_announced optimized 1
must 20 "usable paths" ana_seen optimized
ended_by "that a port refused"
disconnect
wait_for 10 no_ctrl
check "no controller goes with commands still counted as active" \
	test "$(log_since_begin | grep -c 'counted as active')" = 0
finish
