#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let allocations and copies fail while commands are submitted, parked
# and retried: only a first attempt reports that, and it sends nothing then.
# stock: fail skip
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# Half of the allocations fail, of what the kernel keeps about a command, and of the
# pages that it bounces data through.
no_memory()
{
	short_of failslab 50
	short_of fail_page_alloc 30
}

memory_again()
{
	enough_of failslab
	enough_of fail_page_alloc
	lacked=$(($(was_short failslab) + $(was_short fail_page_alloc)))
	ktap_print_msg "$(was_short failslab) allocations and" \
		"$(was_short fail_page_alloc) pages failed"
}

# submits <what> [nvme_mpath_io option]...: 200 writes are submitted in need
submits()
{
	local what=$1

	shift
	target_counts 0x01
	io_start --wait-for-usr2 -n 200 -o write "$@" "$ng"
	make_it_fail || give_up "no make-it-fail (CONFIG_FAULT_INJECTION)"
	no_memory
	kill -USR2 "$io"
	io_wait
	memory_again
	check "$what, no memory at submission: commands end with 0 or -ENOMEM" \
		short_ends "$lacked" -12
	check "$what: the target saw those that succeeded, and no other" \
		is "$(io_value ok)" "$(target_counted)"
}

# fails_over <what> [nvme_mpath_io option]...: the retries are in need
fails_over()
{
	local what=$1 parked

	shift
	trace_path_errors
	held_load 8 -n 8 -o rw --same-data "$@" "$ng"
	make_it_fail
	parked=$(count parked_total)
	no_memory
	lose_all 8
	release
	check "$what, no memory for the retry: all commands succeed" io_wait
	memory_again
	check "$what: retries lacked memory, and were parked" \
		test "$lacked" -gt 0 -a "$(count parked_total)" -gt "$parked"
}

# waits <what> [nvme_mpath_io option]...: the first attempt, after a wait, is in need
waits()
{
	local what=$1

	shift
	no_usable_path change
	parked_load 16 -o write "$@" "$ng"
	make_it_fail
	no_memory
	ana optimized
	io_wait
	memory_again
	check "$what: commands that waited for a path end with 0 or -ENOMEM" \
		io_errors_only -12
	check "$what: each of them was answered once" is 16 "$(io_value "done")"
	must 20 "usable paths" ana_seen optimized
}

# lost_then_parked: they were sent before, so a shortage is not their end
lost_then_parked()
{
	trace_path_errors
	held_load 8 -n 8 -o write --same-data --buffer-offset 1 "$ng"
	make_it_fail
	no_usable_path change
	lose_all 8
	release
	must 20 "8 parked commands" are_parked 8
	no_memory
	usable_paths
	check "bounced: commands that were lost and then parked all succeed" io_wait
	memory_again
	check "bounced: they lacked memory meanwhile" test "$lacked" -gt 0
}

begin 27
need_shortage
need_tools nvme
nvmet_up 2 0 -l 600
trace_path_errors

large="-b 65536 -q 4"
odd="--buffer-offset 1"
# shellcheck disable=SC2086
{
	submits "large" $large
	submits "bounced" $odd
	submits "vectored" --vectored
	submits "io-wq, bounced" --mode async $odd
	fails_over "large" -b 65536
	fails_over "bounced" $odd
	fails_over "bounced, vectored, DEFER_TASKRUN" --vectored --mode defer $odd
	fails_over "bounced, SQPOLL" --mode sqpoll $odd
	fails_over "bounced, io-wq" --mode async $odd
	waits "bounced" $odd
	waits "large, SQPOLL" --mode sqpoll -b 65536
}
lost_then_parked
check "no command is parked or held any more" nothing_waits
check_works
check_nothing_left
finish
