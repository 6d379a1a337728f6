#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will fail over more commands than the surviving path has tags for,
# and see that none of them ends with -EAGAIN.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 3
need_tools nvme
# The last -Q wins: 16 tags for each of two queues, one of them reserved. Both
# paths are full of commands when one is lost.
nvmet_up 2 0 -l 600 -Q 16
round_robin
trace_path_errors

hold
io_start -t 600 -q 256 -o rw --same-data "$ng"
must 20 "256 commands in flight or waiting for a tag" io_stuck 256
port_down 1
must 20 "one path" paths_live 1
must 20 "15 commands lost" saw_path_errors 15
release
check "all 256 commands make progress on the one path that is left" \
	wait_for 20 io_moves
check "all commands succeed, none with -EAGAIN" io_stop
check "at least 15 commands in flight were lost with their path" saw_path_errors 15
finish
