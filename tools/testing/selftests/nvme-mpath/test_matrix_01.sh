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

# Eight attempts on either path meet an ANA state, which says that they did not
# happen; of 48 commands one path gets as many, however they share both.
run_cell()
{
	local c before

	before=$(path_errors)
	for c in $(ctrls); do
		inject "$(path_of_ctrl "$c")" 0x302 8
	done
	# shellcheck disable=SC2086
	io_start --nsid "$nsid" -n 48 -q 8 $1 $2 "$ng"
	wait "$io" || return
	why="path errors: $(($(path_errors) - before))"
	[ $(($(path_errors) - before)) -ge 8 ]
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
