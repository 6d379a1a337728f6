#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send block I/O of io_uring while no path is usable: all of it is sent
# when one is back, and waits for a tag, or for a queue that is frozen at that moment. It
# is not answered with EAGAIN. Then under resets of all controllers.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

io_or_end()
{
	ended "$load" || block_io_moves
}

# block_io <iodepth> [option of fio]...: in the background
block_io()
{
	local depth=$1

	shift
	fio --name=block --filename="/dev/$head" --ioengine=io_uring --direct=1 \
		--rw=randread --bs=4k --size=16M --thread --eta=never --iodepth="$depth" "$@" \
		>"$tmp/fio" 2>&1 &
	load=$!
	at_exit "kill -9 $load"
}

# all of a ring of 128 are on their way
all_submitted()
{
	grep -qs "^CachedSqHead:[[:space:]]*128$" "/proc/$load"/fdinfo/*
}

begin 3
need_tools nvme fio
# fewer tags than I/O that waits
nvmet_up 2 20 -l 600 -i 1 -Q 16
no_usable_path inaccessible
block_io 128 --number_ios=128
must 30 "128 reads without a usable path" all_submitted
usable_paths
must 30 "end of the reads" ended "$load"
check "128 reads that found no path wait for tags, and succeed" fio_stop "$load"

round_robin
block_io 16 --time_based --runtime=600
must 30 "block I/O" block_io_moves
for _ in $(seq 12); do
	reset_all
	wait_for 30 io_or_end
	! ended "$load" || break
done
check "block I/O goes on through 12 resets of all controllers" block_io_moves
check "block I/O has had no error" fio_stop "$load"
finish
