#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will start linked or drained commands from io-wq, in requests whose
# memory has been used by failfast commands.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# linked <mode> [commands]: a ring that has sent failfast reads, and waits for
# SIGUSR2; sets $depth. Drained commands go one at a time.
linked()
{
	depth=8
	[[ $1 != *drain* ]] || depth=1
	io_start --warm-up 32 --wait-for-usr2 -t 600 --mode "$1" \
		-n "${2:-$((2 * depth))}" -q "$depth" -o rw --same-data "$ng"
}

# no_path <mode>: writes, and later reads, begin while no path is usable
no_path()
{
	linked "$1"
	all_ports port_down
	must 10 "no live path" paths_live 0
	kill -USR2 "$io"
	check "$1: io-wq parks writes without a usable path" \
		wait_for 10 io_stuck "$depth"
	all_ports port_up
	must 20 "two live paths" paths_live 2
	check "$1: writes parked by io-wq succeed when paths are back" io_wait
}

# lost <mode>: writes are in flight when their path is lost
lost()
{
	linked "$1"
	hold
	kill -USR2 "$io"
	must 10 "$depth writes in flight" io_stuck "$depth"
	lose_all "$depth"
	release
	check "$1: writes sent by io-wq and lost in flight succeed" io_wait
}

begin 17
need_tools nvme
nvmet_up 2 0 -l 600
trace_path_errors
for mode in fsync sqpoll,fsync async,fsync drain,fsync drain,async,fsync; do
	no_path "$mode"
	lost "$mode"
done
policy none
linked fsync 8
hold
kill -USR2 "$io"
must 10 "8 writes in flight" io_stuck 8
reset_all
release
io_wait
check "fsync, policy none: writes lost in flight end with -EINTR" \
	is "-4:8" "$(io_value errors)"
check "fsync, policy none: each write was answered once" \
	test "$(io_value stray)" = 0
finish
