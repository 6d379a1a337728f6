#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will run rings of different modes and the threads of one process on
# one head, and take their path away at the same time.
# 6.12 polls for requests that are gone, which can panic in nvme-tcp.
# stock: fail panic
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# all_stuck: each load has eight commands in flight
all_stuck()
{
	local i

	for i in "${!pids[@]}"; do
		io_use "${pids[i]}"
		io_stuck 8 || return
	done
}

begin 9
need_tools nvme fio
# slow, so that the test itself gets a share of the CPUs: some rings are polled
nvmet_up 2 $((25 * SLOW)) -l 600 -P 1
round_robin
trace_path_errors

fio --name=threads --filename="$ng" --ioengine=io_uring_cmd --cmd_type=nvme \
	--rw=randread --bs=4k --iodepth=8 --numjobs=4 --thread --group_reporting \
	--time_based --runtime=600 --size=16m >"$tmp/fio" 2>&1 &
fio=$!
at_exit "kill -9 $fio"
pids=() modes=(coop defer sqpoll iopoll async)
for mode in "${modes[@]}"; do
	io_start -t 600 -q 8 -o rw --same-data --mode "$mode" "$ng"
	pids+=("$io")
done
all_move 20 "${pids[@]}" || give_up "a load gets no answers"

for port in 1 2; do
	lost=$(path_errors)
	hold
	must 30 "40 commands in flight" all_stuck
	port_down $port
	must 20 "one path" paths_live 1
	# the commands in flight are on both paths
	must 20 "commands lost" saw_path_errors $((lost + 1))
	release
	check "port $port pulled: all five rings make progress on the other path" \
		all_move 20 "${pids[@]}"
	port_up $port
	must 20 "two paths" paths_live 2
done
check "both ports pulled in turn: at least 2 commands in flight were lost" \
	saw_path_errors 2

for i in "${!pids[@]}"; do
	io_use "${pids[i]}"
	check "${modes[i]} ring: all commands succeed, with the right data" \
		io_stop
done
check "four threads of one fio process see no error" fio_stop "$fio"
finish
