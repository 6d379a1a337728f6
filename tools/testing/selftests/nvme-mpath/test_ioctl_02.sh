#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have ioctls wait for a path, kill them, take their paths away,
# and look what they answer.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 9
need_tools nvme
nvmet_up 2 5

ana change
must 10 "no usable path" ana_seen change
io_start -n 4 --engine io64 -o write "$ng"
killed=$io
io_start -n 4 --engine io64 -o write "$ng"
check "no usable path: ioctls wait" wait_for 10 count_is parked 2
check "the kernel says so" log_has "passthrough ioctl waits"
start=$(ms)
kill -9 "$killed"
check "SIGKILL ends one that waits" wait_for 10 ended "$killed"
ktap_print_msg "ended after $(($(ms) - start)) ms"
wait "$killed" 2>/dev/null
check "nothing is left of it" wait_for 10 count_is parked 1
ctrl=$(ctrl_of_port 1)
check "a controller can be removed meanwhile" \
	timeout $((20 * SLOW)) nvme disconnect -d "$ctrl"
ana optimized
check "a path comes back: the other one succeeds" io_wait

ana change
must 10 "no usable path" ana_seen change
io_start -n 2 --engine io -o read "/dev/$head"
must 10 "an ioctl that waits" count_is parked 1
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
io_wait
check "no path left: -EIO" io_errors_only -5
check "for all" test "$(io_value failed)" = 2
check "nothing is left on the head" wait_for 10 subsys_gone
finish
