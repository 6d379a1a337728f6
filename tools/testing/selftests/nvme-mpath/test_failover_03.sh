#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will pull the subsystem off its nvmet ports with commands in flight,
# first off one, then off both, and put it back.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 5
need_tools nvme
nvmet_up 2 0 -l 60
# half of what is in flight is on either path
echo round-robin >"$subsys/iopolicy"
trace_path_errors

hold
io_start -t 600 -o rw --same-data "$ng"
must 20 "16 commands in flight" io_stuck 16
port_down 1
must 20 "one path" paths_live 1
must 20 "8 commands lost" saw_path_errors 8
release
must 20 "answers" io_pending_moves
check "one port lost: all commands succeed" io_stop
check "commands in flight were lost" saw_path_errors 8
lost=$(path_errors)

hold
io_start -t 600 -o rw --same-data "$ng"
must 20 "16 commands in flight" io_stuck 16
port_down 2
must 20 "no path" paths_live 0
must 20 "16 commands lost" saw_path_errors $((lost + 16))
release
check "no port: all commands wait" wait_for 10 io_stuck 16
port_up 1
port_up 2
must 20 "answers" io_pending_moves
check "both ports back: all commands succeed" io_stop
check "commands in flight were lost" saw_path_errors $((lost + 16))
finish
