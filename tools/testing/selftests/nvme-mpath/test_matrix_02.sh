#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands of every kind, from rings of every mode, to a head
# whose paths are all in ANA change for a moment, and print a verdict for each
# combination. 6.12 polls for requests that are gone, which can panic in nvme-tcp.
# stock: fail panic
# timeout: 250
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh
# shellcheck source-path=SCRIPTDIR source=matrix.sh
. ./matrix.sh

cell_na()
{
	why="null_blk behind nvmet has one namespace, without zones or metadata"
	[ "$nsid" -ne 1 ]
}

waits_or_ends()
{
	ended "$io" || io_pending 8
}

# as many as fit into the ring are parked before a path is back
run_cell()
{
	ana change
	# shellcheck disable=SC2086
	io_start -n 32 -q 8 $1 $2 "$ng"
	why="commands are not parked"
	wait_for 20 waits_or_ends && ! ended "$io" || return
	ana optimized
	why=''
	wait "$io"
}

begin ${#modes[@]}
need_tools nvme
nvmet_up 2 0 -P 1
matrix
finish
