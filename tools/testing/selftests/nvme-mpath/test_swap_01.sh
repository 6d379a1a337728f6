#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will park writes, and give their NSID to another volume before the
# paths are back: none of them reaches it, and a scan that fails at first is
# repeated.
# stock: fail
# timeout: 180
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

other_volume_is_empty()
{
	sync
	tr -d '\0' <"$backend2" >"$tmp/other"
	[ ! -s "$tmp/other" ] || {
		ktap_print_msg "it holds $(wc -c <"$tmp/other") bytes"
		return 1
	}
}

# scan_begins: sets $nth, the first admin command of the scan after a reconnect
scan_begins()
{
	nth=$(grep 'nvme_setup_cmd:' "$TRACING/trace" |
		grep -n 'cns=2,' | head -n 1 | cut -d: -f1)
	[ -n "$nth" ]
}

find_scan()
{
	local c

	c=$(ctrl_of_port 1)
	port_down 1
	must 10 "one live path" paths_live 1
	trace_event nvme/nvme_setup_cmd "qid == 0 && ctrl_id == ${c#nvme}"
	port_up 1
	must 20 "a scan after a reconnect" scan_begins
	echo 0 >"$TRACING/events/nvme/nvme_setup_cmd/enable"
	must 20 "live paths" paths_live 2
}

# paths_back: both ports are back, but all commands of a scan fail
paths_back()
{
	local c

	for c in $(ctrls); do
		inject "$c" 0x6 -1 "$nth" 2
	done
	all_ports port_up
	must 30 "live controllers" paths_live 2
}

scans_work()
{
	local c

	for c in $(ctrls); do
		inject_none "$c"
	done
}

# no_path: parks writes, and a block write waits
no_path()
{
	all_ports port_down
	must 10 "no live path" paths_live 0
	parked_load 16 --patience 120 -o write "$ng"
	dd if="$tmp/x" of="/dev/$head" oflag=direct bs=4096 count=4 \
		seek=1024 >"$tmp/dd" 2>&1 &
	dd=$!
}

begin 14
need_tools nvme
head -c 65536 /dev/zero | tr '\0' x >"$tmp/x"
can_inject
nvmet_up 2 0 -l 600 -k 120
backend2_up
find_scan
no_path
paths_back
wait_for 2 false
check "same volume, no scan has succeeded yet: 16 writes stay parked" io_stuck 16
scans_work
check "same volume: the parked writes end after a successful scan" \
	wait_for 20 ended "$io"
check "same volume: the parked writes succeed" io_wait
check "same volume: the waiting block write succeeds" wait "$dd"
for port in 1 2; do
	ana inaccessible $((3 - port))
	io_start -n 16 -q 16 -o rw "$ng"
	check "same volume: commands succeed on path $port alone" io_wait
	ana optimized
done

no_path
paths_back
must 1 "passthru_wait_secs" wait_secs 1
io_wait
check "no scan succeeds: passthru_wait_secs ends the 16 parked writes" \
	is "-62:16" "$(io_value errors)"
check "no scan succeeds: the block write waits on" kill -0 "$dd"
wait_secs 0
scans_work
check "the block write succeeds after a successful scan" wait "$dd"

no_path
nvmet_ns_is "$backend2" $OTHER_UUID
paths_back
wait_for 2 false
check "other volume, no scan has succeeded yet: 16 writes stay parked" io_stuck 16
scans_work
check "other volume: the parked writes end after a successful scan" \
	wait_for 20 ended "$io"
io_wait
check "other volume: each parked write ended once, with -EIO" \
	is "-5:16" "$(io_value errors)"
check "other volume: the waiting block write ends" wait_for 20 ended "$dd"
check "other volume: no parked write has reached it" other_volume_is_empty
finish
