#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will pull the subsystem off its nvmet ports with commands in flight,
# first off one, then off both, and put it back.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 5
need_tools nvme
nvmet_up 2 $((20 * SLOW)) -l 60
trace_path_errors

io_start -t 600 -o rw -s "$ng"
must 10 "load" io_busy
port_down 1
must 10 "one path" paths_live 1
wait_for 10 io_pending_moves
check "one port lost: all commands succeed" io_stop
check "commands in flight were lost" saw_path_errors 1
lost=$(path_errors)

io_start -t 600 -o rw -s "$ng"
must 10 "load" io_busy
port_down 2
must 10 "no path" paths_live 0
check "no port: all commands wait" wait_for 10 io_stuck 16
port_up 1
port_up 2
wait_for 20 io_pending_moves
check "both ports back: all commands succeed" io_stop
check "commands in flight were lost" saw_path_errors $((lost + 1))
finish
