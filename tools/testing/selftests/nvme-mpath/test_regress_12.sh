#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset the controller of a head while a file of it is synced: each flush
# that is answered with success was sent to the drive.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

events=$TRACING/instances/flushes

# flushes <event>: of paths, so far
flushes()
{
	grep -c "block_rq_$1: .* F" "$events/trace"
}

flushes_up()
{
	[ -d "$TRACING/events" ] || mount -t tracefs none "$TRACING"
	mkdir "$events" || skip_all "no trace instances"
	at_exit "rmdir $events"
	echo 16384 >"$events/buffer_size_kb"
	for e in issue requeue complete; do
		# a flush of its own has no sectors
		echo 'nr_sector == 0' >"$events/events/block/block_rq_$e/filter"
		echo 1 >"$events/events/block/block_rq_$e/enable"
	done
}

synced()
{
	[ "$(flushes complete)" -gt 100 ]
}

reset_often()
{
	local c i

	for i in $(seq 40); do
		for c in $(ctrls); do
			echo 1 >"/sys/class/nvme/$c/reset_controller"
		done
		must 20 "live paths" paths_live 2
	done
}

begin 3
need_tools nvme fio
pci_head
flushes_up
fio --name=sync --filename="/dev/$head" --ioengine=psync --direct=1 --rw=randwrite \
	--bs=4k --size=1M --offset_increment=1M --numjobs=8 --fdatasync=1 \
	--time_based --runtime=600 --group_reporting >"$tmp/fio" 2>&1 &
fio=$!
at_exit "kill -9 $fio"
must 20 "flushes" synced
reset_often
kill -INT $fio
wait $fio
check "block I/O has no error" eval "! grep -q 'err= *[1-9]' '$tmp/fio'"
ktap_print_msg "flushes: issued $(flushes issue), requeued $(flushes requeue)," \
	"completed $(flushes complete)"
check "flushes were sent" synced
check "each flush that succeeded was sent" \
	test "$(flushes complete)" -le $(($(flushes issue) - $(flushes requeue)))
finish
