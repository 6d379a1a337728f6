#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will retry commands on return from an interrupt, while their
# application makes no system calls, and see that pointers keep their 64 bits.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# spin <what> [nvme_mpath_io option]...
spin()
{
	local what=$1

	shift
	io_start --wait-for-usr2 -t 600 -q 16 -o rw --same-data --mode spin "$@" "$ng"
	hold
	kill -USR2 "$io"
	must 20 "16 commands in flight" io_stuck 16
	for _ in 1 2 3 4; do
		lose_all 16
	done
	release
	must 20 "load" io_moves
	check "$what: commands retried from an interrupt succeed, with the right data" \
		io_stop
}

begin 3
need_tools nvme
nvmet_up 2 0 -l 600
trace_path_errors
spin "plain buffers"
spin "iovecs" --vectored
spin "unaligned buffers, which the kernel bounces" --buffer-offset 1
finish
