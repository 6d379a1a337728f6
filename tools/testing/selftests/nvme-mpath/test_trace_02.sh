#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will compare what the tools for block I/O see of passthrough commands:
# the events of the block layer, and the statistics of disks.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# ios <block device>: reads and writes that its disk has counted
ios()
{
	awk '{ print $1 + $5 }' "/sys/block/$1/stat"
}

# events <name>: of the block layer
events()
{
	grep -c " $1:" "$TRACING/trace"
}

begin 5
need_tools nvme
nvmet_up 2 0
path=$(path_of_ctrl "$(ctrl_of_port 1)")
iostats=/sys/block/$path/queue/iostats_passthrough
trace_event block/block_rq_issue ''
trace_event block/block_rq_complete ''

before=$(ios "$path") before_head=$(ios "$head")
io_start -n 64 -o read "$ng"
check "64 reads succeed" io_wait
check "each of 64 attempts has the event block_rq_issue" \
	test "$(events block_rq_issue)" -ge 64
check "each of 64 attempts has the event block_rq_complete" \
	test "$(events block_rq_complete)" -ge 64
check "the statistics of path and head do not count passthrough" \
	is "$before $before_head" "$(ios "$path") $(ios "$head")"
if [ -e "$iostats" ]; then
	echo 1 >"$iostats"
	io_start -n 64 -o read "$ng"
	io_wait
	check "with iostats_passthrough those of the path count it, and not the head's" \
		is "$((before + 64)) $before_head" "$(ios "$path") $(ios "$head")"
else
	ktap_test_skip "with iostats_passthrough those of the path count it, and not the head's"
fi
finish
