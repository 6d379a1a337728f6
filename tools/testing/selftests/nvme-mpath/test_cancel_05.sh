#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have a thread wait in io_uring_enter() for commands of a ring that polls,
# without a path: another thread cancels them, as it has to get at the ring.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# A signal to the thread that polls would make it give the ring away.
one_ring()
{
	ana inaccessible
	io_start -n 16 -q 16 -o write --mode iopoll,batch --on-usr2 cancel-sync \
		--usr2-thread "$ng"
	must 20 "16 parked commands" count_is parked 16
	# who is woken on its CPU makes it give the ring away as well
	taskset -p 2 "$io" >"$tmp/taskset" || give_up "$(cat "$tmp/taskset")"
	kill -USR2 "$io"
	check "ring $nr: all end soon after another thread cancels them" \
		wait_for 3 ended "$io"
	ana optimized
	io_wait
	check "ring $nr: with -ECANCELED" is -125:16 "$(io_value errors)"
}

begin 8
need_tools nvme taskset
nvmet_up 2 0
taskset -p 1 $$ >"$tmp/taskset" || give_up "$(cat "$tmp/taskset")"
# without the fix it takes from seconds to for ever
for nr in 1 2 3 4; do
	one_ring
done
finish
