#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will cut the wire of a path with a full queue, and reset its
# controller: commands that waited for a tag take the other path at once.
# stock: fail
# timeout: 200
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# cut_with_waiters <what> <loads> [nvme_mpath_io option]...: more commands than
# the path has tags
cut_with_waiters()
{
	local what=$1 n=$2 start took reset

	shift 2
	only_wire
	hold
	loads=()
	for _ in $(seq "$n"); do
		io_start -t 600 --first-lba $((io_count * 1024)) -o write --same-data "$@" "$ng"
		loads+=("$io")
	done
	must 20 "commands for all tags" all_sent
	both_wires
	wire_cut
	release
	start=$(ms)
	echo 1 >"/sys/class/nvme/$(ctrls_at $RELAY_PORT)/reset_controller" &
	reset=$!
	check "$what: all commands are answered while one path is dead" \
		wait_for 10 all_ended "${loads[@]}"
	took=$(($(ms) - start))
	ktap_print_msg "$what: answered after $took ms"
	check "$what: no command has waited for the end of the dead path" \
		test "$took" -lt $((8000 * SLOW))
	check "$what: no command ended with an error" no_errors
	wire_mend
	wait "$reset"
	must 90 "two live paths" paths_live 2
}

# All commands have been sent. A process in an ioctl cannot report, but sleeps in
# the kernel.
all_sent()
{
	local l

	for l in "${loads[@]}"; do
		io_use "$l"
		grep -q '^State:[[:space:]]*D' "/proc/$io/status" ||
			io_pending 64 || return
	done
}

no_errors()
{
	local l status=0

	for l in "${loads[@]}"; do
		io_use "$l"
		io_wait || status=1
	done
	return $status
}

begin 6
need_tools nvme
relayed_up -Q 16

cut_with_waiters "io_uring" 1 -n 64 -q 64
cut_with_waiters "ioctl" 40 -n 1 -q 1 --engine io64
finish
