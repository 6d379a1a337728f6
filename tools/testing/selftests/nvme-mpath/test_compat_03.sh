#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will retry commands with separate metadata on return from an interrupt,
# while their application makes no system calls: compat_01 has the other kinds.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

all_injected()
{
	local c

	for c in $(ctrls); do
		injected_all "$(path_of_ctrl "$c")" || return
	done
}

begin 2
pci_ns 3
must 10 "two live paths" paths_live 2
round_robin
inject_paths 0x371 100
io_start --nsid 3 -t 600 -q 16 -o rw --metadata 8 --mode spin "$ng"
check "separate metadata: both paths return the injected path errors" \
	wait_for 20 all_injected
check "separate metadata: commands retried from an interrupt succeed" io_stop
finish
