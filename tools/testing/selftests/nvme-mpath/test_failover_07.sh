#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have rings of different modes and the threads of one process, all
# on one head, lose their path at the same time.
# 6.12 polls for requests that are gone, which can be a panic in nvme-tcp.
# stock: fail panic
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# all_stuck: each of them has eight commands in flight
all_stuck()
{
	local i

	for i in "${!pids[@]}"; do
		io=${pids[i]} io_log=${logs[i]}
		io_stuck 8 || return
	done
}

# all_move: each of them gets answers
all_move()
{
	local i

	for i in "${!pids[@]}"; do
		io=${pids[i]} io_log=${logs[i]}
		io_pending_moves || return
	done
}

begin 9
need_tools nvme fio
# slowly enough for who tests to have a share of the CPUs, some of which are polled
nvmet_up 2 $((25 * SLOW)) -l $((30 * SLOW)) -P 1
# each port has its share
echo round-robin >"$subsys/iopolicy"
trace_path_errors

fio --name=threads --filename="$ng" --ioengine=io_uring_cmd --cmd_type=nvme \
	--rw=randread --bs=4k --iodepth=8 --numjobs=4 --thread --group_reporting \
	--time_based --runtime=600 --size=16m >"$tmp/fio" 2>&1 &
fio=$!
at_exit "kill -9 $fio"
pids=() logs=() modes=(coop defer sqpoll iopoll async)
for mode in "${modes[@]}"; do
	io_start -t 600 -q 8 -o rw --same-data --mode "$mode" "$ng"
	pids+=("$io") logs+=("$io_log")
done
must 20 "loads" all_move

for port in 1 2; do
	lost=$(path_errors)
	hold
	must 30 "40 commands in flight" all_stuck
	port_down $port
	must 20 "one path" paths_live 1
	# they are on both paths
	must 20 "commands lost" saw_path_errors $((lost + 1))
	release
	check "port $port pulled: all go on" wait_for 20 all_move
	port_up $port
	must 20 "two paths" paths_live 2
done
check "commands in flight were lost" saw_path_errors 2

for i in "${!pids[@]}"; do
	io=${pids[i]} io_log=${logs[i]}
	check "${modes[i]}: all commands succeed" io_stop
done
check "four threads of fio: no error" fio_stop "$fio"
finish
