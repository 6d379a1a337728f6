#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have a path leave its head as it cannot be identified any more,
# while commands keep it from going. The delay of the head is over before they
# are answered, and an ANA event for the path must not bring the head back.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

rescan()
{
	echo 1 >"/sys/class/nvme/$ctrl/rescan_controller"
}

identified()
{
	nth=$(grep -o 'qid=0.*identify.*' "$TRACING/trace" |
		grep -n 'cns=0,' | tail -n 1 | cut -d: -f1)
	[ -n "$nth" ]
}

# Which Identify of a scan is the last that looks at the namespace? Sets $nth.
last_identify()
{
	trace_event nvme/nvme_setup_cmd 'qid == 0'
	rescan
	# some look twice: what comes after it is of no interest
	wait_for 1 false
	must 5 "a scan" identified
}

# identify_fails <n>: the nth admin command from here on, for good
identify_fails()
{
	inject "$ctrl" 0x2 1
	echo 1 >"/sys/kernel/debug/$ctrl/fault_inject/dont_retry"
	echo "$1" >"/sys/kernel/debug/$ctrl/fault_inject/space"
}

begin 5
need_tools nvme
# no keep-alive comes between; four answers at a time, every four seconds
nvmet_up 1 4000 -l 60 -k 120
echo 4 >/sys/block/mpath0/queue/nr_requests
ctrl=$(ctrls)
must 1 "a delay" delay_for 1
last_identify

commands=$((4 + 2 * SLOW))
io_start -n $commands -q $commands -p 60 -o write "$ng"
must 5 "commands in flight" io_pending $commands
identify_fails "$nth"
rescan
check "the path leaves its head" \
	wait_for 5 log_has 'no path left, removing the head in 1 s'
check "which goes before the path" \
	wait_for 5 log_has 'no path came back, removing the head'
ana inaccessible
ana optimized
io_report
check "as that still has commands" test "$(io_value pending)" -gt 0
check "they are answered" io_wait
check "the head does not come back" test ! -e "/sys/block/$head"
finish
