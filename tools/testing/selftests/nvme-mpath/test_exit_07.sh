#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have far more commands wait than a path has room for, bring the
# path back, and see that their task gets on meanwhile, and ends when killed.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# Who finds no room on the path waits again: that is counted.
wait_again()
{
	[ "$(cat "/sys/block/$head/passthru_parked_total")" -gt $((commands * 2)) ]
}

commands=2000

begin 4
need_tools nvme
# 15 at a time, each of them for three seconds
nvmet_up 1 3000 -l 60 -Q 16
ana inaccessible
io_start -n $commands -q $commands -o write -t 600 "$ng"
must 10 "commands that wait" io_stuck $commands
ana optimized
check "the path has no room for all" wait_for 10 wait_again
check "their task gets on" io_report
check "most of them still wait" test "$(io_value pending)" -gt $((commands / 2))
kill -9 "$io"
check "it ends when it is killed" wait_for 5 ended "$io"
finish
