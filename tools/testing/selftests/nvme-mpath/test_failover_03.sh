#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will pull the subsystem off its nvmet ports with commands in flight,
# first off one, then off both, and put it back.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 7
need_tools nvme
nvmet_up 2 0 -l 600
# half of the commands in flight are on either path
round_robin
trace_path_errors

held_load 16 -t 600 -o rw --same-data "$ng"
port_down 1
must 20 "one path" paths_live 1
must 20 "8 commands lost" saw_path_errors 8
release
must 20 "answers" io_moves
check "one of two ports pulled: all commands succeed" io_stop
check "one of two ports pulled: 8 commands in flight were lost" saw_path_errors 8
lost=$(path_errors)

held_load 16 -t 600 -o rw --same-data "$ng"
port_down 2
must 20 "no path" paths_live 0
must 20 "16 commands lost" saw_path_errors $((lost + 16))
release
check "both ports pulled: all 16 commands are parked" wait_for 10 io_stuck 16
all_ports port_up
must 20 "answers" io_moves
check "both ports back: all commands succeed" io_stop
check "both ports pulled: 16 commands in flight were lost" \
	saw_path_errors $((lost + 16))

# no signal wakes it up before its 16 answers are there
must 20 "two live paths" paths_live 2
io_start --wait-for-usr2 -n 16 -o write --same-data --mode defer,batch "$ng"
hold
trace_sent
kill -USR2 "$io"
must 20 "16 commands in flight" sent 16
port_down 1
check "DEFER_TASKRUN, waiting for 16 answers: 8 lost commands are sent again at once" \
	wait_for 10 sent 24
release
check "DEFER_TASKRUN, waiting for 16 answers: all commands succeed" io_wait
finish
