#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will take all paths of a head away for longer than its removal is
# delayed, and see that parked commands, the nodes and the head go.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 13
need_tools nvme
nvmet_up 2 5
must 1 "a delay" delay_for 3
exec 8<>"$ng"

io_start -n 32 -q 32 -o read "$ng"
io_wait
# all commands are parked before the paths go
no_usable_path inaccessible
io_start -n 32 -q 32 -o read "$ng"
ring=$io
io_start -n 1 -q 1 --engine io64 -o read "$ng"
ioctls=$io
pids=()
for i in 1 2 3 4; do
	dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct \
		2>"$tmp/dd$i" &
	pids+=($!)
done
check "all 32 ring commands and an ioctl are parked" wait_for 10 count_is parked 33
start=$(ms)
check "the host deletes all controllers" disconnect_all
check "the kernel log announces the removal in 3 s" \
	log_has "no path left, removing the head in 3 s"
check "the char node of the head goes" wait_for 20 test ! -e "$ng"
took=$(($(ms) - start))
ktap_print_msg "the head went after $took ms"
check "the char node stayed for 3 s at least" test "$took" -ge 3000
check "the disk of the head goes" wait_for 10 test ! -e "/dev/$head"

io_use "$ring"
io_wait
check "each parked ring command was answered once" test $io_status -eq 1
check "each parked ring command ended with -EIO" is "-5:32" "$(io_value errors)"
io_use "$ioctls"
io_wait
check "the parked ioctl ended with -EIO" io_errors_only -5
failed=0
for p in "${pids[@]}"; do
	wait "$p" || failed=$((failed + 1))
done
check "all 4 queued block reads ended with errors" is 4 "$failed"
check "an open char device keeps the subsystem" test -e "$subsys"
exec 8>&-
check "the subsystem goes when the char device is closed" wait_for 10 subsys_gone
# the namespace comes back as a new head
ana optimized
connect_all
check "a path that connects later makes a new head" \
	wait_for 20 find_head "$NVMET_NQN"
finish
