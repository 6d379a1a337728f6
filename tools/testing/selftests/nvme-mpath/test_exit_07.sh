#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have far more commands wait than a path has room for, bring the
# path back, and see that their task gets on meanwhile, and that they end when it
# is killed, though those that the path had room for are still in flight.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# Who finds no room on the path waits again: that is counted.
wait_again()
{
	[ "$(cat "/sys/block/$head/passthru_parked_total")" -gt $((commands * 2)) ]
}

commands=2000

begin 5
need_tools nvme
# 15 of them a queue, until they are released
nvmet_up 1 0 -l 60 -Q 16
hold
ana inaccessible
io_start -n $commands -q $commands -o write --patience 600 "$ng"
must 10 "commands that wait" io_stuck $commands
ana optimized
check "the path has no room for all" wait_for 20 wait_again
check "their task gets on" io_report
check "none is answered" is $commands "$(io_value pending)"
kill -9 "$io"
check "it is killed: none waits any more" wait_for 20 count_is parked 0
release
check "it ends with those in flight" wait_for 10 ended "$io"
finish
