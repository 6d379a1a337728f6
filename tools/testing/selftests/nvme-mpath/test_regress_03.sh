#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset controllers and pull ports under block I/O and see that
# it notices as little as it ever did.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 4
need_tools nvme fio
nvmet_up 2 0 -l 60
# half of what is in flight is on either path
echo round-robin >"$subsys/iopolicy"
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
check "all paths are back" wait_for 20 paths_live 2
check "commands in flight were lost" saw_path_errors 16
ana change
must 20 "no usable path" ana_seen change
ana optimized
must 20 "usable paths" ana_seen optimized
check "block I/O goes on" wait_for 20 block_io_moves
check "it saw no error" fio_stop "$fio"
finish
