#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will cut the power of a PCIe controller with commands in flight on
# it, plug it in again, and do the same to the other one.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

slot_empty()
{
	[ -z "$(pci_ctrl "$1")" ]
}

begin 8
need_qmp
need_tools setpci
pci_head
trace_path_errors

for slot in 0 1; do
	before=$(path_errors)
	echo round-robin >"$subsys/iopolicy"
	# half of what is in flight is on either path, and stays there for seconds
	pci_slow 1
	io_start -n 200 -o rw "$ng"
	must 20 "16 commands in flight" io_pending 16
	pci_pull $slot
	check "slot $slot: the controller is gone" wait_for 60 slot_empty $slot
	pci_slow 0
	check "slot $slot: all commands succeed" io_wait
	check "slot $slot: commands in flight were lost" \
		saw_path_errors $((before + 1))
	pci_plug $slot
	check "slot $slot: both paths are back" wait_for 60 paths_live 2
done
finish
