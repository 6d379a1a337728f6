#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let passthru_wait_secs expire for commands that are held until
# their old controller has stopped: their end is not reported before that.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# on_the_wire: 8 writes and an ioctl, which the host loses with their wire
on_the_wire()
{
	io_start --wait-for-usr2 -n 8 -q 8 -o write --same-data "$ng"
	ring=$io
	io_start --wait-for-usr2 -n 1 -q 1 -o write --same-data --engine io64 "$ng"
	ioctls=$io
	only_wire_up
	start_on_wire "$ring" "$ioctls"
	must 30 "9 commands on the wire" sent 9
	no_trace_sent
}

# end_with <errors of the ring> <errors of the ioctl>
end_with()
{
	io_use "$ring"
	io_wait
	check "the 8 writes end as they should: ${1:-success}" \
		is "$1" "$(io_value errors)"
	io_use "$ioctls"
	io_wait
	check "the ioctl ends as it should: ${2:-success}" \
		is "$2" "$(io_value errors)"
}

# held_to_the_end: none of the 9 ends before all are released
held_to_the_end()
{
	while [ "$(count held)" -eq 9 ]; do
		if ! io_pending 8 || ended "$ioctls"; then
			[ "$(count held)" -ne 9 ] || return
		fi
	done
}

begin 8
need_tools nvme
# three of them are 12 s
wire_kato=4
relayed_up -Q 64 -P 1
check "passthru_delayed_retry takes a number" delayed_retry 100
must 1 "passthru_wait_secs" wait_secs 1

# no path is usable when they are over
on_the_wire
wire_hang_up
must 10 "9 held commands" count_is held_total 9
io_use "$ring"
check "none of them ends while all are held" held_to_the_end
end_with "-62:8" "-62:1"
# of the kernel's clock, which a busy machine has seen differ from ours
hold=$((wire_kato * 3000 + 100))
check "the longest was held for that time" test "$(count held_max_ms)" -ge $hold
check "all 9 were counted in passthru_expired" count_is expired 9
wire_mend

# a path is usable when they are over
on_the_wire
both_wires
wire_hang_up
must 10 "9 held commands" count_is held_total 18
end_with "" ""
wire_mend
finish
