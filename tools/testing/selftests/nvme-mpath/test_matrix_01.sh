#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will inject path errors on PCIe paths into commands of every kind from
# rings of every mode, and print a verdict for each combination.
# stock: fail
# timeout: 200
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh
# shellcheck source-path=SCRIPTDIR source=matrix.sh
. ./matrix.sh

cell_na()
{
	pci_ns "$nsid"
	return 1
}

# Eight attempts on either path end with an ANA state: they were not executed. Of
# 48 commands at least one path gets as many, however both share them.
run_cell()
{
	local c before

	before=$(path_errors)
	inject_paths 0x302 8
	# shellcheck disable=SC2086
	io_start --nsid "$nsid" -n 48 -q 8 $1 $2 "$ng"
	wait "$io" || return
	why="path errors: $(($(path_errors) - before))"
	[ $(($(path_errors) - before)) -ge 8 ]
}

begin ${#modes[@]}
need_tools nvme
pci_head
pci_ns 2
nvme zns reset-zone -a "$ng" >/dev/null 2>&1
trace_path_errors
round_robin
matrix
finish
