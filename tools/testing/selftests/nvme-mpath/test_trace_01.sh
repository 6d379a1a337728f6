#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will follow commands by trace points and counters: both tell the
# same of what became of them.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 12
need_tools nvme
nvmet_up 2 5
path=$(path_of_ctrl "$(ctrl_of_port 1)")
ctrl1=$(ctrl_of_port 1)
trace_passthru

io_start -n 100 "$ng"
check "without faults commands succeed" io_wait
check "and leave no trace" is 0 "$(traced '')"

inject "$path" 0x371 10
io_start -n 40 "$ng"
check "with lost answers commands succeed" io_wait
inject_none "$path"
check "each loss is traced" is 10 "$(traced failover)"
check "with command, status and path" is 10 "$(traced failover \
	"opcode=0x02, status=0x371, sent=1, from=$ctrl1")"
check "and counted" count_is failed_over 10
check "and the retry with its path" test "$(traced retry 'to=nvme')" -ge 10

ana change
must 10 "no usable path" ana_seen change
io_start -n 8 --patience 60 "$ng"
must 10 "commands that wait" io_stuck 8
check "what waits is counted" count_is parked 8
check "and traced" test "$(traced park)" -ge 8
kill -9 "$io"
check "what is cancelled is traced" wait_for 10 traced cancel 'res=-125'
ana optimized
must 10 "usable paths" ana_seen optimized

inject "$path" 0x371 3
io_start -n 40 --opcode 0x81 "$ng"
io_wait
inject_none "$path"
check "what is given up is traced" is 3 "$(traced give_up 'res=881 (0x371)')"
check "and counted" count_is refused 3
finish
