#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will fail over more commands than the surviving path has tags for,
# and see that none of them comes back with -EAGAIN.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 3
need_tools nvme
# The last option wins: 16 tags for each of two queues. Answers are so slow that
# both paths are full of commands at any time, however slow the submitter is.
nvmet_up 2 500 -l 60 -Q 16
echo round-robin >"$subsys/iopolicy"
trace_path_errors

io_start -t 600 -q 256 -o rw -s "$ng"
must 10 "load" io_busy
port_down 1
must 10 "one path" paths_live 1
check "one path has to do: commands go on" wait_for 10 io_pending_moves
check "all commands succeed" io_stop
check "many were in flight on the path that was lost" saw_path_errors 17
finish
