#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have a thread wait in io_uring_enter() for commands of a ring that polls,
# without a path: another thread cancels them, as it has to get at the ring.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# one_mode <mode>: a signal to the thread that polls would make it give the ring away
one_mode()
{
	ana inaccessible
	io_start -n 16 -q 16 -o write --mode "$1,batch" --on-usr2 cancel-sync \
		--usr2-thread "$ng"
	must 20 "16 parked commands" count_is parked 16
	# who is woken on its CPU makes it give the ring away as well
	taskset -p 2 "$io" >"$tmp/taskset" || give_up "$(cat "$tmp/taskset")"
	kill -USR2 "$io"
	check "$1: all end soon after another thread cancels them" wait_for 10 ended "$io"
	ana optimized
	io_wait
	check "$1: with -ECANCELED" is -125:16 "$(io_value errors)"
}

begin 4
need_tools nvme taskset
nvmet_up 2 0
taskset -p 1 $$ >"$tmp/taskset" || give_up "$(cat "$tmp/taskset")"
one_mode iopoll
one_mode iopoll,coop
finish
