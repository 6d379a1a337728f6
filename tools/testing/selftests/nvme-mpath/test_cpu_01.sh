#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will take a CPU, with its hardware queues, away while commands are in
# flight on it, lost or parked, and bring it back.
# stock: fail panic
# timeout: 240
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

modes=(coop defer sqpoll iopoll async)
pids=()

# each <command>...: for each load; all have to succeed
each()
{
	local pid

	for pid in "${pids[@]}"; do
		io_use "$pid"
		"$@" || return
	done
}

# all_held: each load has four commands in flight
all_held()
{
	hold
	each must 20 "4 commands in flight" io_stuck 4
}

# cpu <0|1>: take CPU 1 away, or bring it back
cpu()
{
	echo "$1" >$CPU && cpu_is "$1"
}

cpu_is()
{
	[ "$(cat $CPU)" = "$1" ]
}

# on_cpu1 <command>...: of the loads, that is where they submit
on_cpu1()
{
	local pid

	for pid in "${pids[@]}"; do
		taskset -ap 2 "$pid" >"$tmp/taskset" 2>&1 || return
	done
}

used_cpu1()
{
	grep nvme_setup_cmd: "$TRACING/trace" | grep -c 'qid=[24],'
}

begin 13
need_tools nvme taskset
[ -w $CPU ] || skip_all "no $CPU (CONFIG_HOTPLUG_CPU, a second CPU)"
at_exit "echo 1 >$CPU"
# Two queues, and two to poll. Few commands, far apart: with one CPU on a busy machine
# the workqueues of nvme-tcp, which come first, else leave no time to the processes.
nvmet_up 2 150 -l 600 -P 2
round_robin
trace_path_errors
trace_sent
for mode in "${modes[@]}"; do
	io_start -t 3600 -q 4 -o rw --same-data --mode "$mode" "$ng"
	pids+=("$io")
done
on_cpu1 || give_up "$(cat "$tmp/taskset")"
all_move 20 "${pids[@]}" || give_up "a load gets no answers"
echo >"$TRACING/trace"
all_held
check "commands are in flight in the hardware queues of CPU 1" \
	test "$(used_cpu1)" -gt 0
no_trace_sent

# It waits for the requests in its queues, which are lost in the end. The driver
# cannot reconnect meanwhile if the number of its queues has changed: no path is
# back before the CPU is.
lost=$(path_errors)
cpu 0 2>"$tmp/offline" &
offline=$!
all_ports port_down
check "20 commands in flight are lost while CPU 1 goes" \
	wait_for 20 saw_path_errors $((lost + 20))
check "CPU 1 goes: commands that wait for a path do not keep it" \
	wait_for 20 ended $offline
wait $offline
check "CPU 1 is offline" cpu_is 0
release
check "all 20 lost commands are parked" wait_for 20 are_parked 20
check "CPU 1 comes with 20 commands parked" cpu 1
all_ports port_up
must 60 "two paths" paths_live 2
check "CPU 1 is back: all loads go on" all_move 20 "${pids[@]}"

no_usable_path inaccessible
each must 20 "4 commands parked" io_stuck 4
check "CPU 1 goes with 20 commands parked" cpu 0
usable_paths
check "one CPU left: all loads go on, those that poll as well" \
	all_move 20 "${pids[@]}"

all_held
lost=$(path_errors)
port_down 1
must 20 "lost commands" saw_path_errors $((lost + 1))
check "CPU 1 comes while commands fail over" cpu 1
release
port_up 1
must 60 "two paths" paths_live 2
check "CPU 1 is back again: all loads go on" all_move 20 "${pids[@]}"
for i in "${!pids[@]}"; do
	io_use "${pids[i]}"
	io_stop || echo "${modes[i]}: $(tail -n 1 "$io_log")" >>"$tmp/bad"
done
check "no load of ${modes[*]} has lost a command" test ! -e "$tmp/bad"
check_nothing_left
finish
