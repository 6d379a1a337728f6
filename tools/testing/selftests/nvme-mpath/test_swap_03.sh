#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have writes wait for two paths, of which the first one that is
# back leads to another volume, and the second one to theirs. They wait for the
# second one.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

UUID=2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e01
OTHER_UUID=2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e02

other_is_empty()
{
	is 0 "$(tr -d '\0' <"$backend2" | wc -c)"
}

# asleep <pid>: in a wait that no signal ends
asleep()
{
	grep -q '^State:[[:space:]]*D' "/proc/$1/status"
}

connecting()
{
	local c

	for c in $(ctrls); do
		[ "$(ctrl_state "$c")" = connecting ] || return
	done
}

begin 6
need_tools nvme
nvmet_up 2 0 -l 120
backend2_up

port_down 1
port_down 2
must 10 "no usable path" connecting
io_start -n 16 -q 16 --patience 60 -o write "$ng"
dd if=/dev/zero bs=4096 count=1 2>"$tmp/dd" | tr '\0' x >"$tmp/x"
dd if="$tmp/x" of="/dev/$head" bs=4096 seek=2000 conv=fsync 2>"$tmp/dd" &
dd=$!
at_exit "kill -9 $dd"
must 10 "16 writes that wait" io_stuck 16
must 10 "a block write that waits" asleep "$dd"

nvmet_ns_is "$backend2" $OTHER_UUID
port_up 1
must 20 "a live controller" paths_live 1
check "the first path is back: the host sees another volume" \
	wait_for 20 log_has "identifiers changed for nsid 1"
check "all writes still wait" io_stuck 16
port_down 1
nvmet_ns_is "$backend" $UUID
port_up 2
check "the second path is back: all passthrough writes succeed" io_wait
check "the second path is back: the block write succeeds" wait "$dd"
check "the other volume holds nothing of either" other_is_empty
io_start -n 64 -q 16 -o rw "$ng"
check "the head works as before" io_wait
finish
