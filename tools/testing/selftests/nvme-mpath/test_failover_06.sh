#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will fail over more commands than the surviving path has tags for,
# and see that none of them comes back with -EAGAIN.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 3
need_tools nvme
# The last option wins: 16 tags for each of two queues, one of them not for us. Both
# paths are full of commands when one is lost.
nvmet_up 2 0 -l 60 -Q 16
echo round-robin >"$subsys/iopolicy"
trace_path_errors

hold
io_start -t 600 -q 256 -o rw --same-data "$ng"
must 20 "256 commands in flight or waiting for a tag" io_stuck 256
port_down 1
must 20 "one path" paths_live 1
must 20 "15 commands lost" saw_path_errors 15
release
check "one path has to do: commands go on" wait_for 20 io_pending_moves
check "all commands succeed" io_stop
check "many were in flight on the path that was lost" saw_path_errors 15
finish
