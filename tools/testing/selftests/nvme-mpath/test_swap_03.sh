#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will park writes, and bring two paths back: the first one leads to
# another volume, the second one to theirs. The writes stay parked until the second
# one is back.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# asleep <pid>: in an uninterruptible wait
asleep()
{
	grep -q '^State:[[:space:]]*D' "/proc/$1/status"
}

begin 6
need_tools nvme
nvmet_up 2 0 -l 120
backend2_up

all_ports port_down
must 10 "no usable path" paths_connecting
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
check "first path back: the kernel log says that its identifiers changed" \
	wait_for 20 log_has "identifiers changed for nsid 1"
check "first path back, to another volume: 16 writes stay parked" io_stuck 16
port_down 1
nvmet_ns_is "$backend" $VOLUME_UUID
port_up 2
check "second path back, to the same volume: the 16 parked writes succeed" \
	io_wait
check "second path back, to the same volume: the block write succeeds" \
	wait "$dd"
check "no write has reached the other volume" holds_zeroes "$backend2"
check_works
finish
