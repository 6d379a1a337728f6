#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reuse the iovec arrays of commands when their submission has
# returned, and have the commands sent again: with the data that was submitted.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# lost_in_flight <what> <depth> [nvme_mpath_io option]...
lost_in_flight()
{
	local what=$1 depth=$2

	shift 2
	trace_passthru
	io_start --wait-for-usr2 --reuse-iovecs -t 600 -q "$depth" -o rw \
		--same-data "$@" "$ng"
	hold
	kill -USR2 "$io"
	must 20 "$depth commands on their way" io_stuck "$depth"
	lose_all 8
	reset_all
	release
	# those were writes
	for _ in $(seq 10); do
		must 20 "load" io_pending_moves
		hold_load "$depth"
		lose_all 8
		release
		[ "$(traced retry opcode=0x02)" -eq 0 ] || break
	done
	check "$what: sent again with the arrays of their submission" io_stop
	check "$what: writes and reads were" test \
		"$(traced retry opcode=0x01)" -gt 0 -a \
		"$(traced retry opcode=0x02)" -gt 0
}

started()
{
	[ "$(grep -c nvme_setup_cmd: "$TRACING/trace")" -ge "$1" ]
}

# reused_in_flight <mode>: io_uring does not read the SQEs of these in the
# system call that submits them. The array is reused when they are in flight.
reused_in_flight()
{
	io_start --wait-for-usr2 --vectored --on-usr2 reuse --mode "$1" \
		-n 16 -q 8 -o rw --same-data "$ng"
	hold
	trace_event nvme/nvme_setup_cmd 'qid > 0'
	kill -USR2 "$io"
	must 20 "8 commands in flight" started 8
	must 20 "8 commands in flight" io_stuck 8
	kill -USR2 "$io"
	must 5 "arrays with other content" grep -q reused "$io_log"
	lose_all 8
	release
	check "$1, array reused in flight: sent again with what it held" io_wait
}

takes_fixed_vectors()
{
	./nvme_mpath_io --nsid 1 -n 1 -q 1 --patience 5 -o read \
		--registered --vectored "$ng" >"$tmp/fixed"
}

begin 13
need_tools nvme
# 15 tags a queue
nvmet_up 2 0 -l 60 -Q 16
trace_path_errors
lost_in_flight "in flight" 16
lost_in_flight "in flight, SQPOLL" 16 --mode sqpoll
lost_in_flight "in flight, unaligned" 16 --buffer-offset 1
lost_in_flight "more commands than tags" 64
if takes_fixed_vectors; then
	lost_in_flight "registered buffers" 16 --registered
else
	ktap_print_msg "no vectored commands with registered buffers here"
	check "vectored commands with registered buffers are refused" \
		grep -q 'errors=-22:1' "$tmp/fixed"
	check "none was done" grep -q 'ok=0 ' "$tmp/fixed"
fi
reused_in_flight async
reused_in_flight fsync

ana change
must 10 "no usable path" ana_seen change
io_start --reuse-iovecs -t 600 -n 32 -q 16 -o rw "$ng"
must 10 "16 commands that wait" io_stuck 16
ana optimized
check "waiting for their first attempt: sent as they were submitted" io_wait
finish
