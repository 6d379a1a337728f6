#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reuse the iovec arrays of commands when their submission has
# returned, and lose the commands: a retry uses the data that was submitted.
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
	# the commands lost so far were writes
	for _ in $(seq 10); do
		must 20 "load" io_moves
		hold_load "$depth"
		lose_all 8
		release
		[ "$(traced retry opcode=0x02)" -eq 0 ] || break
	done
	check "$what: retries use the iovecs of the submission, not the reused ones" \
		io_stop
	check "$what: both writes and reads were retried" test \
		"$(traced retry opcode=0x01)" -gt 0 -a \
		"$(traced retry opcode=0x02)" -gt 0
}

# reused_in_flight <mode>: io_uring reads these SQEs after the system call that
# submits them. The arrays are reused when the commands are in flight.
reused_in_flight()
{
	io_start --wait-for-usr2 --vectored --on-usr2 reuse --mode "$1" \
		-n 16 -q 8 -o rw --same-data "$ng"
	hold
	trace_sent
	kill -USR2 "$io"
	must 20 "8 commands in flight" sent 8
	must 20 "8 commands in flight" io_stuck 8
	kill -USR2 "$io"
	must 5 "arrays with other content" grep -q reused "$io_log"
	lose_all 8
	release
	check "$1, iovecs reused in flight: retries use the iovecs of the submission" \
		io_wait
}

takes_fixed_vectors()
{
	./nvme_mpath_io --nsid 1 -n 2 -q 2 --patience 5 -o read \
		--registered --vectored "$ng" >"$tmp/fixed"
}

begin 13
need_tools nvme
# 15 tags a queue
nvmet_up 2 0 -l 600 -Q 16
trace_path_errors
lost_in_flight "in flight" 16
lost_in_flight "in flight, SQPOLL" 16 --mode sqpoll
lost_in_flight "in flight, unaligned" 16 --buffer-offset 1
lost_in_flight "in flight, more commands than tags" 64
if takes_fixed_vectors; then
	lost_in_flight "in flight, registered buffers" 16 --registered
else
	ktap_print_msg "no vectored commands with registered buffers here"
	check "vectored commands with registered buffers are refused" \
		grep -q 'errors=-22:2' "$tmp/fixed"
	check "no refused vectored command was executed" \
		grep -q 'ok=0 ' "$tmp/fixed"
fi
reused_in_flight async
reused_in_flight fsync

no_usable_path change
io_start --reuse-iovecs -t 600 -n 32 -q 16 -o rw "$ng"
must 10 "16 commands that wait" io_stuck 16
ana optimized
check "iovecs reused while commands are parked: the first attempt uses those of the submission" \
	io_wait
finish
