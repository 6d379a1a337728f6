#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will park far more commands than a path has tags for, bring the path
# back, and see that their task makes progress meanwhile, and that the parked ones
# end when it is killed, although others are still in flight.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# A command that gets no tag is parked again, and counted again.
parked_again()
{
	[ "$(cat "/sys/block/$head/passthru_parked_total")" -gt $((commands * 2)) ]
}

commands=2000

begin 5
need_tools nvme
# a queue has 15 tags; the target keeps them until release
nvmet_up 1 0 -l 600 -Q 16
hold
ana inaccessible
parked_load $commands -o write --patience 600 "$ng"
ana optimized
check "commands that get no tag are parked again" wait_for 20 parked_again
check "their task still reacts to a signal" io_report
check "none of the $commands commands is answered yet" \
	is $commands "$(io_value pending)"
kill -9 "$io"
check "the task is killed: no command is parked any more" \
	wait_for 20 count_is parked 0
release
check "the task ends when the commands in flight are answered" \
	wait_for 10 ended "$io"
finish
