#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have the host give up its nvme-tcp controllers, after the times
# it was given for that, while the removal of the head is delayed.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 5
need_tools nvme
nvmet_up 2 5 -l 5
for c in $(ctrls); do
	echo 1 >"/sys/class/nvme/$c/fast_io_fail_tmo"
done
must 1 "a delay" delay_for 600
first=$head
io_start -t 600 --same-data -o rw "$ng"
must 10 "load" io_busy
port_down 1
port_down 2
must 20 "everything waits" io_stuck 16
check "fast_io_fail_tmo does not end it" wait_for 10 log_has "failfast expired"
check "ctrl_loss_tmo takes the controllers" wait_for 30 no_ctrl
check "the commands wait on" wait_for 10 io_stuck 16
port_up 1
port_up 2
connect_all
must 20 "live paths" paths_live 2
check "on the same head" is "$first" "$head"
must 10 "answers" io_pending_moves
check "until the host is connected again" io_stop
finish
