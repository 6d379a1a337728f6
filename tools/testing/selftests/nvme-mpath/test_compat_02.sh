#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have a 32-bit program send commands by io_uring, plain and
# vectored, which are lost in flight or have to wait for a path.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# start_32 <ring|vec> <first LBA>: on stdin, it gets a line for each phase
start_32()
{
	rm -f "$tmp/phases"
	mkfifo "$tmp/phases"
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

# judge <description>: every command of this phase succeeds, with the right data
judge()
{
	phases=$((phases + 1))
	wait_for 20 phase_done
	check "$1" grep -q "ok=16 failed=0 wrong=0" <(tail -n 1 "$tmp/32")
	ktap_print_msg "$(tail -n 1 "$tmp/32")"
}

in_flight()
{
	[ "$(grep -c nvme_setup_cmd: "$TRACING/trace")" -ge "$1" ]
}

waiting()
{
	[ "$(count parked 2>/dev/null)" = "$1" ]
}

# lost_in_flight <what>: a phase whose commands are lost, each once
lost_in_flight()
{
	trace_event nvme/nvme_setup_cmd 'qid > 0'
	hold
	echo >&9
	must 10 "16 commands in flight" in_flight 16
	lose_all 16
	release
	judge "$1: commands that are lost in flight succeed"
}

# no_path <what>: a phase that begins without a usable path
no_path()
{
	ana inaccessible
	must 10 "no usable path" ana_seen inaccessible
	echo >&9
	check "$1: commands wait for a path" wait_for 10 waiting 16
	ana optimized
	judge "$1: and succeed when it is there"
}

begin 10
need_tools nvme
[ -x ./nvme_mpath_32 ] ||
	skip_all "no 32-bit program (gcc -m32, tools/include/nolibc)"
nvmet_up 2 0 -l 60
trace_path_errors

for how in ring vec; do
	start_32 $how 0
	lost_in_flight "$how, write"
	lost_in_flight "$how, read"
	no_path "$how, write"
	exec 9>&-
	check "$how: no answer is missing, or came twice" wait "$program"
done
finish
