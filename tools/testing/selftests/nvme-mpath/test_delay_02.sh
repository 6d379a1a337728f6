#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will take all paths of a head away for longer than its removal is
# delayed, and see that everything ends: what waits, the nodes, the head.
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
# all wait before the paths go, however long that takes them
ana inaccessible
must 10 "no usable path" ana_seen inaccessible
io_start -n 32 -q 32 -o read "$ng"
ring=$io ring_log=$io_log
io_start -n 1 -q 1 --engine io64 -o read "$ng"
ioctls=$io ioctls_log=$io_log
pids=()
for i in 1 2 3 4; do
	dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct \
		2>"$tmp/dd$i" &
	pids+=($!)
done
check "commands wait" wait_for 10 count_is parked 33
start=$(ms)
check "all paths disconnected" disconnect_all
check "the kernel says how long the head stays" \
	log_has "no path left, removing the head in 3 s"
check "then the node is gone" wait_for 20 test ! -e "$ng"
took=$(($(ms) - start))
ktap_print_msg "the head went after $took ms"
check "not before its time" test "$took" -ge 3000
check "and so is the disk" wait_for 10 test ! -e "/dev/$head"

io=$ring io_log=$ring_log
io_wait
check "each command was answered once" test $io_status -eq 1
check "with -EIO" is "-5:32" "$(io_value errors)"
io=$ioctls io_log=$ioctls_log
io_wait
check "the ioctl ended with -EIO" io_errors_only -5
failed=0
for p in "${pids[@]}"; do
	wait "$p" || failed=$((failed + 1))
done
check "block I/O ended with errors" is 4 "$failed"
check "an open file keeps the head" test -e "$subsys"
exec 8>&-
check "nothing else does" wait_for 10 subsys_gone
# and the namespace comes as a new one
ana optimized
connect_all
check "a later path makes a new head" wait_for 20 find_head "$NVMET_NQN"
finish
