#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will refuse an I/O queue of a new controller, which has read before that
# the state of an ANA group is about to change. The timer for that change must not
# outlive the controller.
# stock: fail panic
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# Connect: controller busy
BUSY=0x181
# twice the time that nvmet reports (ANATT), and what a timer of that length may be late
ANATT_S=24

# timers <event>: how often that was recorded of the timers for a change of state
timers()
{
	grep -c "timer_$1: .*function=nvme_anatt_timeout" "$TRACING/trace"
}

timer_started()
{
	[ "$(timers start)" -gt 0 ]
}

no_tcp_ctrl()
{
	! grep -qx tcp /sys/class/nvme/*/transport
}

begin 2
need_tools nvme
nvmet_target_up 1 0
relay_up 1
for event in start expire_entry; do
	trace_event timer/timer_$event function.function==nvme_anatt_timeout
done

ana change
relay_does 1 "connect 1 0"
nvmet_connect 1 &
connect=$!
must 30 "a Connect of the first I/O queue" relay_has '^held$' 1
must 1 "a timer of the controller that connects" timer_started
relay_does 1 "connect 0 $BUSY"
wait $connect
check "the first connect of a controller fails" test $? -ne 0
must 20 "no controller" no_tcp_ctrl

sleep $ANATT_S
check "no timer has outlived its controller" is 0 "$(timers expire_entry)"
finish
