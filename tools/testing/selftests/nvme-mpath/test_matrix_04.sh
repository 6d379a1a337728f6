#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands of every kind, from rings of every mode, to a head
# without faults: they succeed on every kernel.
# stock: pass
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh
# shellcheck source-path=SCRIPTDIR source=matrix.sh
. ./matrix.sh

cell_na()
{
	pci_ns "$nsid"
	return 1
}

run_cell()
{
	# shellcheck disable=SC2086
	io_start --nsid "$nsid" -n 48 -q 8 $1 $2 "$ng"
	wait "$io"
}

begin ${#modes[@]}
need_tools nvme
pci_head
pci_ns 2
nvme zns reset-zone -a "$ng" >/dev/null 2>&1
matrix
finish
