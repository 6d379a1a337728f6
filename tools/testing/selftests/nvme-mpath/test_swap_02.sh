#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will make the scan after a reconnect fail, and see that the path is not
# used before its namespace has been identified, and that the driver repeats the
# scan by itself.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# lost: the controller stays disconnected until port_up
lost()
{
	port_down 1
	must 10 "no usable path" paths_connecting
}

# nth_with <field>: the first admin command with it since the reconnect
nth_with()
{
	grep nvme_setup_cmd: "$TRACING/trace" | grep -n "identify $1," |
		head -n 1 | cut -d: -f1
}

identified()
{
	[ -n "$(nth_with cns=2)" ] && [ -n "$(nth_with cns=3)" ]
}

# fails_from <n> <cns>: all admin commands from the nth on fail, an Identify
fails_from()
{
	inject "$ctrl" 0x2 -1 $(($1 - 1)) "$2"
}

failed_twice()
{
	[ "$(grep -c nvme_complete_rq: "$TRACING/trace")" -ge 2 ]
}

# scan_fails <what> <nth command> <its cns>
scan_fails()
{
	lost
	io_start -n 64 -q 8 --patience 60 -o rw "$ng"
	must 10 "commands that wait" io_stuck 8
	fails_from "$2" "$3"
	trace_event nvme/nvme_complete_rq 'qid == 0 && status == 2'
	port_up 1
	must 20 "a live controller" paths_live 1
	check "$1 fails twice after the reconnect" wait_for 20 failed_twice
	check "$1 fails: the path is not used, 8 commands stay parked" io_stuck 8
	inject_none "$ctrl"
	check "$1 works again: a scan comes by itself, all commands succeed" \
		io_wait
}

begin 6
need_tools nvme
# no keep-alive comes between the admin commands
can_inject
nvmet_up 1 0 -l 120 -k 240
ctrl=$(ctrls)

trace_event nvme/nvme_setup_cmd 'qid == 0'
lost
port_up 1
must 20 "a live controller" paths_live 1
must 20 "a scan" identified
list=$(nth_with cns=2)
descriptors=$(nth_with cns=3)
echo 0 >"$TRACING/events/nvme/nvme_setup_cmd/enable"

scan_fails "the list of namespaces" "$list" 2
scan_fails "the identification of the namespace" "$descriptors" 3
finish
