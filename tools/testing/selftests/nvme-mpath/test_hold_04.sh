#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have a controller report a Command Quiesce Time: with the default,
# "cqt", lost writes are held for the keep alive timeouts and that time, and those
# of a controller that reports none are not held.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

CQT=3000

# lose_both: 8 writes and 8 reads are lost with the wire
lose_both()
{
	io_start --wait-for-usr2 -n 8 -q 8 -o read "$ng"
	reads=$io
	io_start --wait-for-usr2 -n 8 -q 8 -o write --same-data "$ng"
	writes=$io
	only_wire_up
	start_on_wire "$reads" "$writes"
	lose_wire 16
}

begin 9
need_tools nvme
wire_kato=5
relayed_up -Q 64
check "the default is cqt" \
	is cqt "$(cat "/sys/block/$head/passthru_delayed_retry" 2>/dev/null)"
lose_both
check "no CQT: all 8 writes succeed" io_wait
io_use "$reads"
check "no CQT: all 8 reads succeed" io_wait
check "no CQT: none was held" count_is held_total 0
wire_mend

disconnect_all
relay_does 1 "cqt $CQT"
relayed_connect
lose_both
io_use "$reads"
check "CQT: all 8 reads succeed" io_wait
io_use "$writes"
check "CQT: all 8 writes succeed" io_wait
check "CQT: the 8 writes were held, and nothing else" count_is held_total 8
ktap_print_msg "longest hold: $(count held_max_ms) ms"
check "CQT: for three keep alive timeouts and that time" \
	test "$(count held_max_ms)" -ge $((wire_kato * 3000 + CQT))
check "CQT: and not for much longer, as the clock starts when the queues are freed" \
	test "$(count held_max_ms)" -lt $((wire_kato * 3000 + CQT + 10000 * SLOW))
finish
