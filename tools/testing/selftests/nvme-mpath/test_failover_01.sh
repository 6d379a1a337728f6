#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will inject path errors on one of two PCIe paths under reads and
# writes, and see that each command is sent again on the other one, whatever
# kind of command and ring it is.
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
	check "$what: all commands succeed" io_wait
	check "$what: 20 of them had lost their path" \
		is 20 $(($(path_errors) - before))
}

begin 15
pci_head
trace_path_errors
path=$(path_of_ctrl "$(pci_ctrl 0)")
# both paths get their share of the commands
echo round-robin >"$subsys/iopolicy"
at_exit "echo numa >$subsys/iopolicy"

one_kind "read" -o read
one_kind "write and read back" -o rw
one_kind "vectored" -o rw --vectored
one_kind "bounced" -o rw --buffer-offset 1
one_kind "no data" -o flush
one_kind "DEFER_TASKRUN" -o rw --mode defer
one_kind "one at a time" -o rw -q 1

# The second failure of a command waits for a moment before the third attempt.
other=$(path_of_ctrl "$(pci_ctrl 1)")
inject "$path" 0x371 200
inject "$other" 0x370 200
io_start -n 400 -o rw "$ng"
check "both paths fail again and again: all commands succeed" io_wait
finish
