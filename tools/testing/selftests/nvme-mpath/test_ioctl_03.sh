#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have 32-bit programs send commands by each of the synchronous
# ioctls, which are lost in flight or have to wait for a path.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

programs=() names=()

# start_32 <ioctl> <device>: it is sent a line for each phase
start_32()
{
	local n=${#programs[@]} to log

	log=$tmp/32.$n
	mkfifo "$tmp/phases.$n"
	./nvme_mpath_32 "$2" "$1" 1 $((n * 8)) <"$tmp/phases.$n" >"$log" 2>&1 &
	programs+=($!)
	names+=("$1 on ${2##*/}")
	at_exit "kill -9 $!"
	exec {to}>"$tmp/phases.$n"
	phases_to+=("$to")
	wait_for 5 grep -q ready "$log" || give_up "$(cat "$log")"
}
phases_to=()

# start_phase: of all of them
start_phase()
{
	local to

	for to in "${phases_to[@]}"; do
		echo >&"$to"
	done
	phases=$((phases + 1))
}
phases=0

phase_done()
{
	[ "$(grep -c ok= "$tmp/32.$1")" -eq "$phases" ]
}

# all_ok: every command of this phase succeeds, with the right data
all_ok()
{
	local n ok=0

	for n in "${!programs[@]}"; do
		wait_for 20 phase_done "$n"
		! grep -q "ok=1 failed=0 wrong=0" <(tail -n 1 "$tmp/32.$n") ||
			continue
		ok=1
		ktap_print_msg "${names[n]}: $(tail -n 1 "$tmp/32.$n")"
	done
	return $ok
}

in_flight()
{
	[ "$(grep -c nvme_setup_cmd: "$TRACING/trace")" -ge "$1" ]
}

waiting()
{
	[ "$(count parked 2>/dev/null)" = "$1" ]
}

# has_submit_io: base kernels refuse NVME_IOCTL_SUBMIT_IO of 32-bit programs, as
# their code for it is behind a macro that is nowhere defined
has_submit_io()
{
	echo | ./nvme_mpath_32 "$ng" submit 1 0 >"$tmp/submit" 2>&1
	! grep -q error=-25 "$tmp/submit"
}

# lost_in_flight: a phase whose commands are lost, each once
lost_in_flight()
{
	trace_event nvme/nvme_setup_cmd 'qid > 0'
	hold
	start_phase
	must 10 "commands in flight" in_flight ${#programs[@]}
	lose_all ${#programs[@]}
	release
}

begin 5
need_tools nvme
[ -x ./nvme_mpath_32 ] ||
	skip_all "no 32-bit program (gcc -m32, tools/include/nolibc)"
nvmet_up 2 0 -l 60
trace_path_errors
start_32 io "$ng"
start_32 io64 "$ng"
start_32 io "/dev/$head"
start_32 io64 "/dev/$head"
if has_submit_io; then
	start_32 submit "$ng"
	start_32 submit "/dev/$head"
else
	ktap_print_msg "left out: the kernel refuses SUBMIT_IO of 32-bit programs"
fi

lost_in_flight
check "writes that are lost in flight succeed" all_ok
lost_in_flight
check "reads that are lost in flight succeed, with the right data" all_ok

ana inaccessible
must 10 "no usable path" ana_seen inaccessible
start_phase
check "without a usable path all of them wait" \
	wait_for 10 waiting ${#programs[@]}
ana optimized
check "and succeed when there is one" all_ok
start_phase
check "what they wrote is there" all_ok
finish
