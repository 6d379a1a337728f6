#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands from a 32-bit program by io_uring, plain and
# vectored, and lose them in flight or keep every path from them.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# start_32 <ring|vec> <first LBA>: each line on its stdin starts a phase
start_32()
{
	rm -f "$tmp/phases"
	mkfifo "$tmp/phases"
	# or what the last one said is taken for its word
	: >"$tmp/32"
	./nvme_mpath_32 "$ng" "$1" 16 "$2" <"$tmp/phases" >"$tmp/32" 2>&1 &
	program=$!
	at_exit "kill -9 $program"
	exec 9>"$tmp/phases"
	wait_for 5 grep -q ready "$tmp/32" || give_up "$(cat "$tmp/32")"
	phases=0
}

phase_done()
{
	[ "$(grep -c ok= "$tmp/32")" -eq "$phases" ]
}

# check_phase <description>: every command of this phase succeeds, with the right
# data
check_phase()
{
	phases=$((phases + 1))
	wait_for 20 phase_done
	check "$1" grep -q "ok=16 failed=0 wrong=0" <(tail -n 1 "$tmp/32")
	ktap_print_msg "$(tail -n 1 "$tmp/32")"
}

# lost_in_flight <what>: a phase that loses each command once
lost_in_flight()
{
	trace_sent
	hold
	echo >&9
	must 10 "16 commands in flight" sent 16
	lose_all 16
	release
	check_phase "compat $1: 16 commands lost in flight succeed on retry"
}

# no_path <what>: a phase that begins without a usable path
no_path()
{
	no_usable_path inaccessible
	echo >&9
	check "compat $1: 16 commands are parked without a usable path" \
		wait_for 10 are_parked 16
	ana optimized
	check_phase "compat $1: 16 parked commands succeed when a path is usable"
}

begin 10
need_tools nvme
[ -x ./nvme_mpath_32 ] ||
	skip_all "no 32-bit program (gcc -m32, tools/include/nolibc)"
nvmet_up 2 0 -l 600
trace_path_errors

for how in ring vec; do
	start_32 $how 0
	lost_in_flight "$how, write"
	lost_in_flight "$how, read"
	no_path "$how, write"
	exec 9>&-
	check "compat $how: each command was answered exactly once" \
		wait "$program"
done
finish
