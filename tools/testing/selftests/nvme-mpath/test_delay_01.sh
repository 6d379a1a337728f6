#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will take all paths of a head away for a while, and see that the
# head stays and that everything sent to it is answered when a path is back.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 9
need_tools nvme fio
nvmet_up 2 5
check "the delay is 0 to begin with" is 0 "$(delay)"
must 1 "a delay" delay_for 600
first=$head
loads=() logs=()

# one of each kind that is under way when the paths go
io_start -t 600 --same-data -o rw "$ng"
loads+=("$io") logs+=("$io_log")
io_start -t 600 -q 1 --engine io64 -o rw --same-data "$ng"
loads+=("$io") logs+=("$io_log")
# libaio: bios of io_uring do not wait for a tag, also not after the failover
fio --name=block --filename="/dev/$head" --ioengine=libaio --direct=1 \
	--rw=randwrite --bs=4k --offset=32M --size=4M --iodepth=8 --verify=crc32c \
	--do_verify=1 --time_based --runtime=600 >"$tmp/fio" 2>&1 &
fio=$!
at_exit "kill -9 $fio"
for i in "${!loads[@]}"; do
	io=${loads[i]} io_log=${logs[i]}
	must 20 "load" io_busy
done
must 20 "block I/O" block_io_moves
check "all paths disconnected" disconnect_all
check "the head stays" test -c "$ng" -a -b "/dev/$head"
check "the kernel says for how long" log_has "no path left, removing the head in 600 s"

# and one of each that comes only then
io_start -n 8 -q 8 -o write --same-data "$ng"
new=$io new_log=$io_log
dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct 2>"$tmp/dd" &
dd=$!
check "new commands wait" wait_for 10 io_stuck 8
check "new block I/O waits" kill -0 "$dd"

connect_all
must 30 "two live paths" paths_live 2
check "it is the same head" is "$first" "$head"
failed=0
for i in "${!loads[@]}"; do
	io=${loads[i]} io_log=${logs[i]}
	must 20 "answers" io_pending_moves
	io_stop || failed=$((failed + 1))
done
io=$new io_log=$new_log
io_wait || failed=$((failed + 1))
wait "$dd" || failed=$((failed + 1))
check "all loads succeed" is 0 "$failed"
must 20 "block I/O" block_io_moves
check "block I/O: all succeed" fio_stop "$fio"
finish
