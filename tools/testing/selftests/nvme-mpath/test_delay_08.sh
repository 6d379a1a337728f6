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
	must 10 "a scan" identified
	# some look twice
	must 20 "the end of the scan" trace_rests
}

# trace_rests: nothing came for two seconds
trace_rests()
{
	local before

	before=$(wc -l <"$TRACING/trace")
	sleep 2
	[ "$(wc -l <"$TRACING/trace")" -eq "$before" ] && identified
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
# no keep-alive comes between
nvmet_up 1 0 -l 60 -k 600
ctrl=$(ctrls)
must 1 "a delay" delay_for 1
last_identify

hold
io_start -n 16 -q 16 -o write "$ng"
must 10 "16 commands in flight" io_stuck 16
identify_fails "$nth"
rescan
check "the path leaves its head" \
	wait_for 20 log_has 'no path left, removing the head in 1 s'
check "which goes before the path" \
	wait_for 20 log_has 'no path came back, removing the head'
ana inaccessible
ana optimized
check "as that still has commands" io_stuck 16
release
check "they are answered" io_wait
check "the head does not come back" test ! -e "/sys/block/$head"
finish
