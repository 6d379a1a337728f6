#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset all controllers of a head while commands of every kind,
# from rings of every mode, are in flight on them, and print a verdict for each
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
	[ "$nsid" -eq 1 ] || return 0
	why="answered at once, none is in flight when a path is lost"
	[ "$kind" = flush ]
}

run_cell()
{
	local n=8

	# one after the other
	[[ $1 != *link* && $1 != *drain* ]] || n=1
	hold
	echo >"$TRACING/trace"
	# shellcheck disable=SC2086
	io_start -n 16 -q 8 --same-data $1 $2 "$ng"
	why="commands are not sent"
	wait_for 20 sent $n || {
		release
		return 1
	}
	reset_all
	why="path errors: $(path_errors)"
	saw_path_errors $n || {
		release
		return 1
	}
	release
	why=''
	wait "$io"
}

begin ${#modes[@]}
need_tools nvme
nvmet_up 2 0 -l 600 -P 1
trace_path_errors
trace_sent
matrix
finish
