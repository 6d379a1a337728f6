#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let copies from and to user memory fail, and allocations for ioctls:
# only a first attempt reports that.
# stock: fail skip
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# no <failslab|fail_page_alloc|fail_usercopy> <percent> <what> <res> [nvme_mpath_io
# option]...: 200 writes meet that at their submission
no()
{
	local kind=$1 percent=$2 what=$3 res=$4

	shift 4
	target_counts 0x01
	io_start --wait-for-usr2 -n 200 -o write "$@" "$ng"
	make_it_fail || give_up "no make-it-fail (CONFIG_FAULT_INJECTION)"
	short_of "$kind" "$percent"
	kill -USR2 "$io"
	io_wait
	enough_of "$kind"
	ktap_print_msg "$kind: $(was_short "$kind") times"
	check "$what: writes end with 0 or $res" \
		short_ends "$(was_short "$kind")" "$res"
}

# sent_once <what>: each that succeeded, and no other. An ioctl that cannot return
# its result has executed its command.
sent_once()
{
	check "$1: the target saw those that succeeded, and no other" \
		is "$(io_value ok)" "$(target_counted)"
}

# retries <kind> <percent> <interval> <loads> <what> [nvme_mpath_io option]...: four
# commands, of so many loads, are lost, and their retries meet that
retries()
{
	local kind=$1 percent=$2 interval=$3 n=$((4 / $4)) what=$5 loads=() ok=1

	shift 5
	trace_path_errors
	hold
	trace_sent
	while [ $((${#loads[@]} * n)) -lt 4 ]; do
		io_start -n $n -q $n -o write --same-data "$@" "$ng"
		make_it_fail
		loads+=("$io")
	done
	must 20 "4 commands in flight" sent 4
	no_trace_sent
	short_of "$kind" "$percent" "$interval"
	lose_all 4
	release
	for io in "${loads[@]}"; do
		io_use "$io"
		io_wait || ok=0
	done
	enough_of "$kind"
	check "$what: all retries succeed, with $kind" test $ok = 1
	check "$what: the retries met $kind" test "$(was_short "$kind")" -gt 0
}

begin 21
need_shortage
need_tools nvme
nvmet_up 2 0 -l 600

odd="--buffer-offset 1"
# shellcheck disable=SC2086
{
	no fail_usercopy 30 "vectored" -14 --vectored
	sent_once "vectored"
	# a second attempt waits for pages
	no fail_usercopy 70 "bounced" -14 $odd
	sent_once "bounced"
	no fail_usercopy 30 "ioctl SUBMIT_IO" -14 --engine submit
	sent_once "ioctl SUBMIT_IO"
	no fail_usercopy 20 "ioctl IO64_CMD" -14 --engine io64
	no fail_usercopy 20 "ioctl IO64_CMD_VEC" -14 --engine vec
	no failslab 50 "ioctl IO64_CMD, large" -12 --engine io64 -b 65536
	sent_once "ioctl IO64_CMD, large"
	no fail_page_alloc 50 "ioctl IO_CMD, bounced" -12 --engine io $odd
	sent_once "ioctl IO_CMD, bounced"

	# Never twice in a row, as in one task: memory that cannot be read twice is
	# not there, and that is an answer for the application.
	retries fail_usercopy 100 2 1 "bounced, io_uring" $odd
	retries failslab 60 1 4 "bounced, ioctl" --engine io64 $odd
	retries fail_page_alloc 60 1 4 "bounced, ioctl IO_CMD" --engine io $odd
}
check "no command is parked or held any more" nothing_waits
check_works
check_nothing_left
finish
