#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will lose commands of rings that sleep while their commands take long, and
# then poll, before anybody has polled for the first of them.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# not_polled <mode>: those that come after the lost ones are polled as well
not_polled()
{
	hold
	trace_sent
	trace_path_errors
	io_start --reap-at-usr2 -n 32 -q 16 -o rw --same-data --mode "$1" "$ng"
	must 20 "16 commands in flight" sent 16
	lose_all 16
	release
	kill -USR2 "$io"
	check "$1: no command waits longer than its answer" wait_for 30 ended "$io"
	kill -KILL "$io" 2>/dev/null
	check "$1: all 32 commands succeed" io_wait
}

begin 4
need_tools nvme
nvmet_up 2 0 -l 600
./nvme_mpath_io --mode hybrid -n 1 -q 1 "$ng" >"$tmp/hybrid" 2>&1 ||
	skip_all "this kernel has no hybrid polling (6.13 has it): $(tail -n 1 "$tmp/hybrid")"
round_robin
not_polled hybrid
not_polled defer,hybrid
finish
