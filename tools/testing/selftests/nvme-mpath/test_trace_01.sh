#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will follow commands by trace points and counters: both report the
# same fate.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 12
need_tools nvme
can_inject
nvmet_up 2 5
path=$(path_of_ctrl "$(ctrl_of_port 1)")
ctrl1=$(ctrl_of_port 1)
trace_passthru

io_start -n 100 "$ng"
check "all 100 commands succeed without a fault" io_wait
check "commands without a fault leave no failover trace events" \
	is 0 "$(traced '')"

inject "$path" 0x371 10
io_start -n 40 "$ng"
check "all 40 commands succeed, 10 of them after a path error" io_wait
inject_none "$path"
check "all 10 path errors leave failover events" is 10 "$(traced failover)"
check "failover events name opcode, status, attempt and path" \
	is 10 "$(traced failover \
	"opcode=0x02, status=0x371, sent=1, from=$ctrl1")"
check "passthru_failed_over is 10" count_is failed_over 10
check "all 10 path errors leave retry events with a path" \
	test "$(traced retry 'to=nvme')" -ge 10

no_usable_path change
io_start -n 8 --patience 60 "$ng"
must 10 "commands that wait" io_stuck 8
check "passthru_parked is 8 for 8 commands without a usable path" count_is parked 8
check "all 8 parked commands leave park events" test "$(traced park)" -ge 8
kill -9 "$io"
check "parked commands of a killed process leave cancel events" \
	wait_for 10 traced cancel 'res=-125'
usable_paths

inject "$path" 0x371 3
io_start -n 40 --opcode 0x81 "$ng"
io_wait
inject_none "$path"
check "all 3 refused vendor commands leave give_up events" \
	is 3 "$(traced give_up 'res=881 (0x371)')"
check "passthru_refused is 3" count_is refused 3
finish
