#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have writes wait for a path, and give their NSID to another
# volume before the paths are back: none of them reaches it, and a scan that
# fails at first is repeated.
# stock: fail
# timeout: 150
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

# Which admin command after a reconnect is the first of the scan? Sets $nth.
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

# paths_back: both ports, but all that a scan asks fails
paths_back()
{
	local c

	for c in $(ctrls); do
		inject "$c" 0x6 -1
		echo "$nth" >"/sys/kernel/debug/$c/fault_inject/space"
	done
	port_up 1
	port_up 2
	must 30 "live controllers" paths_live 2
}

scans_work()
{
	local c

	for c in $(ctrls); do
		inject_none "$c"
	done
}

# no_path: writes and block I/O wait
no_path()
{
	port_down 1
	port_down 2
	must 10 "no live path" paths_live 0
	io_start -n 16 -q 16 --patience 120 -o write "$ng"
	must 10 "16 writes that wait" io_stuck 16
	dd if="$tmp/x" of="/dev/$head" oflag=direct bs=4096 count=4 \
		seek=1024 >"$tmp/dd" 2>&1 &
	dd=$!
}

begin 11
need_tools nvme
head -c 65536 /dev/zero | tr '\0' x >"$tmp/x"
nvmet_up 2 0 -l 60 -k 120
backend2_up
find_scan
no_path
paths_back
wait_for 2 false
check "no scan has looked at the namespace yet: writes wait" io_stuck 16
scans_work
check "it is the same one: they are sent when one has" \
	wait_for 20 ended "$io"
check "and succeed" io_wait
check "so does block I/O" wait "$dd"
for port in 1 2; do
	ana inaccessible $((3 - port))
	io_start -n 16 -q 16 -o rw "$ng"
	check "path $port is used again" io_wait
	ana optimized
done

no_path
nvmet_ns_is "$backend2" 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e02
paths_back
wait_for 2 false
check "another volume, no scan has looked: writes wait" io_stuck 16
scans_work
check "then they end" wait_for 20 ended "$io"
io_wait
check "with -EIO, each once" is "-5:16" "$(io_value errors)"
check "block I/O ends as well" wait_for 20 ended "$dd"
check "the other volume holds nothing of either" other_volume_is_empty
finish
