#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset all controllers under block I/O of io_uring: what was
# submitted without a usable path is sent when one is back, and not answered with
# EAGAIN because the path's queue is frozen at that moment.
# stock: pass
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

io_or_end()
{
	ended "$load" || block_io_moves
}

begin 2
need_tools nvme fio
nvmet_up 2 20 -l 600
round_robin
fio --name=block --filename="/dev/$head" --ioengine=io_uring --direct=1 \
	--rw=randread --bs=4k --iodepth=16 --size=16M --time_based --runtime=600 \
	--eta=never >"$tmp/fio" 2>&1 &
load=$!
at_exit "kill -9 $load"
must 30 "block I/O" block_io_moves
for _ in $(seq 12); do
	reset_all
	wait_for 30 io_or_end
	! ended "$load" || break
done
check "block I/O goes on through 12 resets of all controllers" block_io_moves
check "block I/O has had no error" fio_stop "$load"
finish
