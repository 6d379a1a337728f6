#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will compare the counters that newer kernels have for multipath block
# I/O with what becomes of passthrough commands.
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
for c in $(ctrls); do
	echo 1 >"/sys/class/nvme/$c/fast_io_fail_tmo"
done
[ -e "/sys/block/$head/diag/io_requeue_no_usable_path_count" ] ||
	skip_all "this kernel has no such counters"
policy idempotent

path=$(path_of_ctrl "$(ctrl_of_port 1)")
echo round-robin >"$subsys/iopolicy"
at_exit "echo numa >$subsys/iopolicy"
trace_path_errors
inject "$path" 0x371 20
io_start -n 400 -o rw "$ng"
check "20 commands lose their path, and succeed" io_wait
check "the path counts them" is 20 "$(diag "$path" multipath_failover_count)"

ana change
must 10 "no usable path" ana_seen change
io_start -n 64 -q 64 -o rw "$ng"
must 10 "commands that wait" io_stuck 64
check "the head counts what waits for a usable path" \
	is 64 "$(diag "$head" io_requeue_no_usable_path_count)"
ana optimized
check "they succeed" io_wait

port_down 1
port_down 2
io_start -n 64 -q 64 -o rw "$ng"
io_wait
check "no path is left to wait for: all commands fail" is -5:64 "$(io_value errors)"
check "the head counts them" \
	is "$(count no_path)" "$(diag "$head" io_fail_no_available_path_count)"
finish
