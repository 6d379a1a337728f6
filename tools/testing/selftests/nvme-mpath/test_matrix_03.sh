#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will reset all controllers of a head while commands of every kind,
# from rings of every mode, are in flight on them, and print what came of each.
# 6.12 polls for requests that are gone, which can be a panic in nvme-tcp.
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

reset_all()
{
	local c resets=()

	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/reset_controller" &
		resets+=($!)
	done
	wait "${resets[@]}"
	wait_for 10 paths_live 2
}

run_cell()
{
	local before try

	before=$(path_errors)
	# shellcheck disable=SC2086
	io_start -q 8 -t 600 -s $1 $2 "$ng"
	why="the load does not start"
	wait_for 5 io_busy || return
	# answers come in waves: a reset may fall between two of them
	for try in 1 2 3 4; do
		why="the paths do not come back after reset $try"
		reset_all || return
		[ "$(path_errors)" -eq "$before" ] || break
	done
	why=''
	kill -TERM "$io"
	wait "$io" || return
	why="no command was lost"
	[ "$(path_errors)" -gt "$before" ]
}

begin 14
need_tools nvme
nvmet_up 2 100 -l 60 -P 1
trace_path_errors
matrix
finish
