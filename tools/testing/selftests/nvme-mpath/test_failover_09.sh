#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will add a path to a zoned head that has no usable path at that moment,
# and see that the head takes it.
# 7.3 asks the head for its zones then, which takes a usable path.
# stock: pass fail:7.3
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

path_optimized()
{
	ana_seen optimized "$1" 2>/dev/null
}

begin 4
need_tools nvme
zoned=1
nvmet_target_up 2 0
at_exit "disconnect"
nvmet_connect 1 -l 600 || give_up "nvme connect failed"
must 20 "head" find_head "$NVMET_NQN"
ana inaccessible 1
must 20 "no usable path" ana_seen inaccessible
nvmet_connect 2 -l 600 || give_up "nvme connect failed"
must 20 "two live controllers" paths_live 2
check "a path that comes while no other is usable is added to its zoned head" \
	wait_for 20 path_optimized "$(ctrl_of_port 2)"
io_start -n 64 -t 20 --patience 5 -o read "$ng"
check "all 64 reads succeed on that path" io_wait
ana optimized 1
must 20 "the first path" ana_seen optimized "$(ctrl_of_port 1)"
check "the head has all its zones" \
	test "$(cat "/sys/block/$head/queue/nr_zones")" -eq 1
check_nothing_left
finish
