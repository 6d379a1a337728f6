#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let an old controller receive writes after they were repeated and
# overwritten through another path: the old data is back for block I/O and with
# passthru_delayed_retry off, and never with a number.
# stock: fail
# timeout: 300
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

writes=25
bytes=$((writes * 4096))

# write_block, write_passthrough <seed>: $writes writes at once
write_block()
{
	fio --name=ghost --filename="/dev/$head" --ioengine=io_uring \
		--direct=1 --rw=write --bs=4k --size=$bytes --offset=$offset \
		--iodepth=$writes --buffer_pattern="$1" >"$tmp/write.$1" 2>&1
}

write_passthrough()
{
	./nvme_mpath_io --nsid 1 --first-lba $((offset / 512)) --seed "$1" \
		-o write -n $writes -q $writes --patience $((60 * SLOW)) \
		"$ng" >"$tmp/write.$1" 2>&1
}

content()
{
	dd if="/dev/$head" iflag=direct bs=4k count=$writes \
		skip=$((offset / 4096)) status=none | md5sum
}

content_is()
{
	[ "$(content)" = "$1" ]
}

# overtaken <how> <what>: writes are lost with their wire, repeated by the other
# path, and overwritten; then the wire delivers them. Sets $newest, the content
# before that.
overtaken()
{
	local how=$1 what=$2

	offset=$((offset + bytes))
	only_wire
	wire_cut
	trace_sent
	"write_$how" 1 &
	first=$!
	must 30 "$writes writes on the wire" sent $writes
	no_trace_sent
	both_wires
	wire_hang_up
	check "$what: the old controller will receive all $writes writes" \
		test "$(wire_kept)" -ge $bytes
	check "$what: the writes succeed by the other path" wait "$first"
	must 20 "newer data" "write_$how" 2
	newest=$(content)
	wire_delivers
}

returns()
{
	overtaken "$1" "$2"
	check "$2: the old data is back, as documented" \
		wait_for 10 changed "$newest"
}

changed()
{
	! content_is "$1"
}

stays()
{
	overtaken passthrough "$1"
	# a write that was executed late has been by now: its connection is gone
	check "$1: the newer data is still there" content_is "$newest"
}

begin 21
need_tools nvme fio dd md5sum
offset=0
relayed_up -Q 64
returns block "block I/O"
delayed_retry off || give_up "passthru_delayed_retry is missing"
returns passthrough "off"

disconnect_all
wire_kato=2
relayed_connect
check "passthru_delayed_retry takes a number" delayed_retry 100
for round in 1 2 3 4; do
	stays "round $round of $writes writes"
done
# reported below, and not timed
ktap_print_msg "held: $(count held_total), longest $(count held_max_ms) ms"
check "all $((4 * writes)) writes were held" \
	test "$(count held_total)" -ge $((4 * writes))
check "the longest was held for three keep alive timeouts and 100 ms" \
	test "$(count held_max_ms)" -ge $((wire_kato * 3000 + 100))
finish
