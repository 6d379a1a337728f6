#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will append to a zone while paths are lost with appends in flight, and
# count the data in the zone: under "idempotent" no append is executed twice.
# stock: fail
# timeout: 90
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# lose_appends <policy> <n>: pulls both ports in turn, until n answers were lost
lose_appends()
{
	local port=1 lost=$2

	policy "$1" || give_up "policy $1"
	nvme zns reset-zone -s 0 -n 1 "$ng" >"$tmp/reset" 2>&1 ||
		give_up "$(cat "$tmp/reset")"
	echo >"$TRACING/trace"
	io_start -t 600 -q 128 -b 1024 -o count "$ng"
	while ! saw_path_errors "$lost" >"$tmp/seen"; do
		must 20 "load" io_moves
		hold_load 128
		port_down $port
		must 20 "one path" paths_live 1
		release
		port_up $port
		must 20 "two paths" paths_live 2
		port=$((3 - port))
	done
	io_stop
	io_twice=$(sed -n 's/.*positions=.* twice=\([0-9]*\) .*/\1/p' "$io_log")
	ktap_print_msg "$(grep positions= "$io_log")"
}

begin 7
need_tools nvme
zoned=1
# slow, so that the zone is not full before the end of the test
nvmet_up 2 50 -l 600
round_robin
trace_path_errors

lose_appends idempotent 300
check "idempotent: appends fail with path errors and no other error" \
	io_errors_only 0x371 0x370
check "idempotent: at least 200 lost appends failed" \
	test "$(io_value failed)" -ge 200
check "idempotent: the zone holds no append twice" is 0 "$io_twice"
check "idempotent: each successful append is at the place of its answer" \
	test $io_status = 1

lose_appends all 50
check "all: no append fails, and each is at the place of its answer" \
	test $io_status = 0
check "all: the zone holds some appends twice" \
	test "$io_twice" -gt 0
check "all: passthru_failed_over counts at least 50 appends" \
	test "$(count failed_over)" -ge 50
finish
