#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset a controller over RDMA while rings poll for commands that wait
# for the end of the reset: no poller touches a completion queue that is gone.
# Without multipath commands are queued while the controller is reset.
# stock: fail hang panic skip
# timeout: 180
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 2
need_tools nvme rmmod modprobe
at_exit "reload_host Y"
reload_host N || skip_all "$(tr '\n' ' ' <"$tmp/reload")"
transport='rdma'
nvmet_target_up 1 5
at_exit "nvme disconnect -n $NVMET_NQN"
nvmet_connect 1 -l 600 -P 2 || give_up "nvme connect failed"
must 10 "a disk" find_disk
must 20 "a live controller" paths_live 1
loads=()
for _ in 1 2; do
	io_start -t 600 -q 4 -o read --mode iopoll "$ng"
	loads+=("$io")
done
check "rings that poll make progress" all_move 20 "${loads[@]}"
for _ in $(seq 10); do
	reset_all
done
check "they still do after 10 resets" all_move 30 "${loads[@]}"
finish
