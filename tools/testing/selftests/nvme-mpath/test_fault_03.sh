#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will make a target offer fewer queues when its host reconnects, so that
# none is left to poll, under load from a ring that polls and one that does not.
# Base kernels map CPUs to a queue then that does not exist, and panic.
# stock: fail panic
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

QID_MAX=$nvmet/subsystems/$NVMET_NQN/attr_qid_max

# queues <n>: the target offers so many, and makes its hosts reconnect
queues()
{
	echo "$1" >"$QID_MAX"
	must 20 "two live paths with $1 queues" have_queues "$1"
}

have_queues()
{
	local c

	paths_live 2 || return
	for c in $(ctrls); do
		[ "$(cat "/sys/class/nvme/$c/queue_count")" -le $(($1 + 1)) ] ||
			return
	done
}

begin 5
need_tools nvme
# two queues, and one to poll
nvmet_up 2 5 -l 600 -P 1
[ -w "$QID_MAX" ] || skip_all "no $QID_MAX"
pids=()
for mode in defer iopoll; do
	io_start -t 3600 -q 8 -o rw --same-data --mode $mode "$ng"
	pids+=("$io")
done
all_move 20 "${pids[@]}" || give_up "a load gets no answers"
queues 2
check "the target offers no queue to poll any more: both loads go on" \
	all_move 20 "${pids[@]}"
queues 128
check "it offers all queues again: both loads go on" all_move 20 "${pids[@]}"
io_use "${pids[0]}"
check "no command of the ring that does not poll was lost" io_stop
io_use "${pids[1]}"
check "no command of the ring that polls was lost" io_stop
check_nothing_left
finish
