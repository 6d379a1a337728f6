#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will make the identification of a namespace fail, so that its path
# leaves the head, while commands in flight keep the path. The delayed removal
# takes the head before they are answered. An ANA event for the path must not
# bring the head back.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

identified()
{
	nth=$(grep -o 'qid=0.*identify.*' "$TRACING/trace" |
		grep -n 'cns=0,' | tail -n 1 | cut -d: -f1)
	[ -n "$nth" ]
}

# last_identify: sets $nth, the last Identify of a scan that asks for the namespace
last_identify()
{
	trace_event nvme/nvme_setup_cmd 'qid == 0'
	rescan
	must 10 "a scan" identified
	# some kernels ask twice
	must 20 "the end of the scan" trace_rests
}

# trace_rests: the trace has not grown for two seconds
trace_rests()
{
	local before

	before=$(wc -l <"$TRACING/trace")
	sleep 2
	[ "$(wc -l <"$TRACING/trace")" -eq "$before" ] && identified
}

# identify_fails <n>: the nth admin command from here on fails, with DNR
identify_fails()
{
	inject "$ctrl" 0x4002 1 "$1"
}

begin 5
need_tools nvme
# no keep-alive comes between the admin commands
can_inject
nvmet_up 1 0 -l 600 -k 600
ctrl=$(ctrls)
must 1 "a delay" delay_for 1
last_identify

held_load 16 -n 16 -o write "$ng"
identify_fails "$nth"
rescan
check "the path of the unidentified namespace leaves its head" \
	wait_for 20 log_has 'no path left, removing the head in 1 s'
check "the delayed removal takes the head" \
	wait_for 20 log_has 'no path came back, removing the head'
ana inaccessible
ana optimized
check "the path still has 16 commands in flight by then" io_stuck 16
release
check "the 16 commands succeed when the target answers" io_wait
check "the ANA event has not brought the head back" test ! -e "/sys/block/$head"
finish
