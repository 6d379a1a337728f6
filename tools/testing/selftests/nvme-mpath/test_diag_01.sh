#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will compare the counters that newer kernels have for multipath block
# I/O with the fate of passthrough commands.
# stock: fail skip
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# diag <block device> <counter>
diag()
{
	cat "/sys/block/$1/diag/$2"
}

begin 6
need_tools nvme
nvmet_up 2 5
fast_io_fail 1
[ -e "/sys/block/$head/diag/io_requeue_no_usable_path_count" ] ||
	skip_all "this kernel has no such counters"
policy idempotent

path=$(path_of_ctrl "$(ctrl_of_port 1)")
round_robin
trace_path_errors
inject "$path" 0x371 20
io_start -n 400 -o rw "$ng"
check "all 400 commands succeed, 20 of them after a path error" io_wait
check "multipath_failover_count of the path has grown by 20" \
	is 20 "$(diag "$path" multipath_failover_count)"

no_usable_path change
parked_load 64 -o rw "$ng"
check "io_requeue_no_usable_path_count of the head counts 64 parked commands" \
	is 64 "$(diag "$head" io_requeue_no_usable_path_count)"
ana optimized
check "the 64 parked commands succeed when paths are usable" io_wait

all_ports port_down
io_start -n 64 -q 64 -o rw "$ng"
io_wait
check "with no available path all 64 commands end with -EIO" \
	is -5:64 "$(io_value errors)"
check "io_fail_no_available_path_count of the head equals passthru_no_path" \
	is "$(count no_path)" "$(diag "$head" io_fail_no_available_path_count)"
finish
