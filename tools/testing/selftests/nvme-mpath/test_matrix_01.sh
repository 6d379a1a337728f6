#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have commands of every kind, from rings of every mode, come back
# with path errors from a PCIe path, and print what came of each.
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

# Eight of 48 commands meet an ANA state, which says that they did not happen.
run_cell()
{
	local path before

	path=$(path_of_ctrl "$(pci_ctrl 0)")
	before=$(path_errors)
	inject "$path" 0x302 8
	# shellcheck disable=SC2086
	io_start -N "$nsid" -n 48 -q 8 -t 20 -p 10 $1 $2 "$ng"
	wait "$io" || return
	why="path errors: $(($(path_errors) - before))"
	[ $(($(path_errors) - before)) -eq 8 ]
}

begin 14
need_tools nvme
pci_head
pci_ns 2
nvme zns reset-zone -a "$ng" >/dev/null 2>&1
trace_path_errors
echo round-robin >"$subsys/iopolicy"
at_exit "echo numa >$subsys/iopolicy"
matrix
finish
