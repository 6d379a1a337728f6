#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let fast_io_fail_tmo and ctrl_loss_tmo of nvme-tcp controllers
# expire while the removal of the head is delayed.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 5
need_tools nvme
nvmet_up 2 5 -l 5
fast_io_fail 1
must 1 "a delay" delay_for 600
first=$head
io_start -t 600 --same-data -o rw "$ng"
must 10 "load" io_busy
all_ports port_down
must 20 "everything waits" io_stuck 16
check "fast_io_fail_tmo expires with 16 commands parked" \
	wait_for 10 log_has "failfast expired"
check "ctrl_loss_tmo expires and deletes the controllers" wait_for 30 no_ctrl
check "all 16 commands are still parked without any controller" \
	wait_for 10 io_stuck 16
all_ports port_up
connect_all
must 20 "live paths" paths_live 2
check "new connections join the same head" is "$first" "$head"
must 10 "answers" io_moves
check "all commands succeed after the host has connected again" io_stop
finish
