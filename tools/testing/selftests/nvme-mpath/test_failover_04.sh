#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will cut the power of a PCIe controller with commands in flight, plug
# it in again, and do the same to the other one.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# pull_and_plug <slot>: with 16 commands in flight, half of them there
pull_and_plug()
{
	# they stay in flight for seconds
	pci_slow 1
	io_start -n 200 -o rw "$ng"
	must 20 "16 commands in flight" io_pending 16
	pci_pull "$1"
	must 60 "slot $1: no controller" slot_empty "$1"
	pci_slow 0
	io_wait || failed=1
	pci_plug "$1"
	must 60 "slot $1: two paths" paths_live 2
}

begin 4
need_qmp
need_tools setpci
pci_head
round_robin
trace_path_errors

for slot in 0 1; do
	before=$(path_errors) failed=0
	# QEMU may execute the commands it has before it lets a controller go
	for _ in 1 2 3 4 5 6 7 8; do
		pull_and_plug $slot
		[ "$(path_errors)" -eq "$before" ] || break
	done
	check "slot $slot pulled: at least one command in flight was lost" \
		saw_path_errors $((before + 1))
	check "slot $slot pulled: all commands of all rounds succeed" \
		test $failed = 0
done
finish
