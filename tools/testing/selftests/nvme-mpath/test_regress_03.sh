#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset controllers and pull ports under block I/O and see that
# it notices as little as it ever did.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 2
need_tools nvme fio
nvmet_up 2 10 -l 60

fio --name=block --filename="/dev/$head" --ioengine=libaio --direct=1 \
	--rw=randrw --bs=4k --size=16M --iodepth=16 --time_based --runtime=5 \
	>"$tmp/fio" 2>&1 &
load=$!
for c in $(ctrls); do
	echo 1 >"/sys/class/nvme/$c/reset_controller"
	must 20 "live paths after a reset" paths_live 2
done
port_down 1
must 10 "one path" paths_live 1
port_up 1
ana change
sleep 0.5
ana optimized
check "all paths are back" wait_for 20 paths_live 2
check "block I/O saw no error" wait $load
finish
