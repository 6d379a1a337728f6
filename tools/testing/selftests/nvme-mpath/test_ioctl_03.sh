#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands from 32-bit programs by each of the synchronous
# ioctls, and lose them in flight or keep every path from them.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

programs=() names=()

# start_32 <ioctl> <device>: a line on its stdin starts each phase
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

# start_phase: of all programs
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

# has_submit_io: base kernels refuse NVME_IOCTL_SUBMIT_IO of 32-bit programs: their
# code for it depends on a macro that is not defined anywhere
has_submit_io()
{
	echo | ./nvme_mpath_32 "$ng" submit 1 0 >"$tmp/submit" 2>&1
	! grep -q error=-25 "$tmp/submit"
}

# lost_in_flight: a phase that loses each command once
lost_in_flight()
{
	trace_sent
	hold
	start_phase
	must 10 "commands in flight" sent ${#programs[@]}
	lose_all ${#programs[@]}
	release
}

begin 5
need_tools nvme
[ -x ./nvme_mpath_32 ] ||
	skip_all "no 32-bit program (gcc -m32, tools/include/nolibc)"
nvmet_up 2 0 -l 600
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
check "compat ioctls: writes lost in flight succeed on retry" all_ok
lost_in_flight
check "compat ioctls: reads lost in flight succeed on retry, with the right data" \
	all_ok

no_usable_path inaccessible
start_phase
check "compat ioctls: without a usable path all of them are parked" \
	wait_for 10 are_parked ${#programs[@]}
ana optimized
check "compat ioctls: parked writes succeed when a path is usable" all_ok
start_phase
check "compat ioctls: reads find the data of the parked writes" all_ok
finish
