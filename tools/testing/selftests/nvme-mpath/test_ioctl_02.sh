#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will park ioctls, kill their processes, take their paths away, and
# look at their results.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 9
need_tools nvme
nvmet_up 2 5

no_usable_path change
io_start -n 4 --engine io64 -o write "$ng"
killed=$io
io_start -n 4 --engine io64 -o write "$ng"
check "without a usable path two ioctls are parked" wait_for 10 count_is parked 2
check "the kernel log says that an ioctl waits" log_has "passthrough ioctl waits"
start=$(ms)
kill -9 "$killed"
check "SIGKILL ends a process with a parked ioctl" wait_for 10 ended "$killed"
ktap_print_msg "ended after $(($(ms) - start)) ms"
wait "$killed" 2>/dev/null
check "the ioctl of the killed process is not parked any more" \
	wait_for 10 count_is parked 1
ctrl=$(ctrl_of_port 1)
check "a controller can be deleted while an ioctl is parked" \
	timeout $((20 * SLOW)) nvme disconnect -d "$ctrl"
ana optimized
check "the other parked ioctl succeeds when a path is usable" io_wait

no_usable_path change
io_start -n 2 --engine io -o read "/dev/$head"
must 10 "an ioctl that waits" count_is parked 1
disconnect
io_wait
check "a parked ioctl ends with -EIO when the last path goes" io_errors_only -5
check "an ioctl sent after that fails as well" test "$(io_value failed)" = 2
check "the subsystem goes: no ioctl pins the head" wait_for 10 subsys_gone
finish
