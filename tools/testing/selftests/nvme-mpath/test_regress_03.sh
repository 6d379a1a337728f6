#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset controllers and pull ports under block I/O and see that it
# survives as on the unpatched kernel.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 4
need_tools nvme fio
nvmet_up 2 0 -l 600
# half of the requests in flight are on either path
round_robin
trace_path_errors
trace_sent

hold
fio --name=block --filename="/dev/$head" --ioengine=libaio --direct=1 \
	--rw=randrw --bs=4k --size=16M --iodepth=16 --time_based --runtime=600 \
	>"$tmp/fio" 2>&1 &
fio=$!
at_exit "kill -9 $fio"
must 20 "16 commands in flight" sent 16
no_trace_sent
reset_all
port_down 1
must 20 "one path" paths_live 1
release
port_up 1
check "both paths are live again" wait_for 20 paths_live 2
check "at least 16 block requests in flight were lost" saw_path_errors 16
no_usable_path change
usable_paths
check "block I/O makes progress after the faults" wait_for 20 block_io_moves
check "block I/O saw no error" fio_stop "$fio"
finish
