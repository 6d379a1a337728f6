#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will inject path errors on one of two PCIe paths under reads and
# writes, and see that each command is retried on the other path, for every kind
# of command and ring.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# one_kind <description> [nvme_mpath_io option]...
one_kind()
{
	local what=$1 before

	shift
	before=$(path_errors)
	inject "$path" 0x371 20
	io_start -n 400 "$@" "$ng"
	check "$what: 400 commands succeed while 20 get path errors" io_wait
	check "$what: exactly 20 commands got a path error" \
		is 20 $(($(path_errors) - before))
}

begin 15
pci_head
trace_path_errors
path=$(path_of_ctrl "$(pci_ctrl 0)")
round_robin

each_kind one_kind

# After its second failure a command waits for a moment.
other=$(path_of_ctrl "$(pci_ctrl 1)")
inject "$path" 0x371 200
inject "$other" 0x370 200
io_start -n 400 -o rw "$ng"
check "all 400 commands succeed while both paths return 200 path errors each" io_wait
finish
