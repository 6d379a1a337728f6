#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will take all paths of a head away for a while, and see that the
# head stays and answers all commands when a path is back.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 9
need_tools nvme fio
nvmet_up 2 5
check "delayed_removal_secs of a new head is 0" is 0 "$(delay)"
must 1 "a delay" delay_for 600
first=$head
loads=()

# a load of each kind is under way when the paths go
io_start -t 600 --same-data -o rw "$ng"
loads+=("$io")
io_start -t 600 -q 1 --engine io64 -o rw --same-data "$ng"
loads+=("$io")
# libaio: bios of io_uring never wait for a tag, not even after a failover
fio --name=block --filename="/dev/$head" --ioengine=libaio --direct=1 \
	--rw=randwrite --bs=4k --offset=32M --size=4M --iodepth=8 --verify=crc32c \
	--do_verify=1 --time_based --runtime=600 >"$tmp/fio" 2>&1 &
fio=$!
at_exit "kill -9 $fio"
for i in "${!loads[@]}"; do
	io_use "${loads[i]}"
	must 20 "load" io_busy
done
must 20 "block I/O" block_io_moves
check "the host deletes all controllers" disconnect_all
check "with a delay of 600 s both nodes of the head stay" \
	test -c "$ng" -a -b "/dev/$head"
check "the kernel log announces the removal in 600 s" \
	log_has "no path left, removing the head in 600 s"

# and a load of each kind starts without a path
io_start -n 8 -q 8 -o write --same-data "$ng"
new=$io
dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct 2>"$tmp/dd" &
dd=$!
check "all 8 passthrough commands sent without a path are parked" \
	wait_for 10 io_stuck 8
check "a block read sent without a path waits" kill -0 "$dd"

connect_all
must 30 "two live paths" paths_live 2
check "the reconnected paths join the same head" is "$first" "$head"
failed=0
for i in "${!loads[@]}"; do
	io_use "${loads[i]}"
	must 20 "answers" io_moves
	io_stop || failed=$((failed + 1))
done
io_use "$new"
io_wait || failed=$((failed + 1))
wait "$dd" || failed=$((failed + 1))
check "both passthrough loads, the parked commands and the block read succeed" \
	is 0 "$failed"
must 20 "block I/O" block_io_moves
check "the verified block load sees no error" fio_stop "$fio"
finish
