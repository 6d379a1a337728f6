#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let a target refuse commands by an ANA state of which the host has
# not heard, and see that each of them is retried on the other path, for every
# kind of command and ring. failover_01 injects such errors, in exact numbers.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

answered_all()
{
	[ "$(target_answered)" = "$(path_errors)" ]
}

# a kernel without the series fails over none
failed_over()
{
	count failed_over 2>/dev/null || echo 0
}

# just_these <failed over>
just_these()
{
	[ "$(path_errors)" -gt 0 ] && is "$(path_errors)" "$1"
}

# one_kind <description> [nvme_mpath_io option]...
one_kind()
{
	local what=$1 failed_over

	shift
	echo >"$TRACING/trace"
	failed_over=$(failed_over)
	ana_unannounced inaccessible 1
	io_start -n 400 "$@" "$ng"
	check "$what: 400 commands succeed while a port refuses them" io_wait
	must 10 "the trace of host and target" answered_all
	ktap_print_msg "$what: $(path_errors) path errors"
	check "$what: the port refused some, and just these failed over" \
		just_these $(($(failed_over) - failed_over))
	ana_announced optimized 1
	must 20 "usable paths" ana_seen optimized
}

begin 17
need_tools nvme
nvmet_up 2 0
round_robin
trace_path_errors
trace_target_refusals
pinned=$(pinned_pages)

each_kind one_kind

# Both paths refuse them, and the host then knows.
ana_unannounced inaccessible 1
ana_unannounced inaccessible 2
io_start -n 400 -o rw "$ng"
check "all 16 commands are parked when both ports have refused them" \
	wait_for 20 io_stuck 16
ana_announced optimized 1
ana_announced optimized 2
check "all 400 commands succeed when the ports accept them again" io_wait
check "no page of their memory is pinned any more" is "$pinned" "$(pinned_pages)"
finish
