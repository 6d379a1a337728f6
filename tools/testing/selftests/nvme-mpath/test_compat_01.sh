#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have commands sent again on return from an interrupt, while
# their application makes no system calls: pointers keep their 64 bits.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# spin <what> [nvme_mpath_io option]...
spin()
{
	local what=$1

	shift
	io_start --wait-for-usr2 -t 600 -q 16 -o rw --same-data --mode spin "$@" "$ng"
	hold
	kill -USR2 "$io"
	must 20 "16 commands in flight" io_stuck 16
	for _ in 1 2 3 4; do
		lose_all 16
	done
	release
	must 20 "load" io_pending_moves
	check "$what: all commands succeed" io_stop
}

all_injected()
{
	local c

	for c in $(ctrls); do
		injected_all "$(path_of_ctrl "$c")" || return
	done
}

begin 5
need_tools nvme
nvmet_up 2 0 -l 60
trace_path_errors
spin "plain"
spin "vectored" --vectored
spin "copied by the kernel" --buffer-offset 1

pci_ns 3
must 10 "two live paths" paths_live 2
echo round-robin >"$subsys/iopolicy"
at_exit "echo numa >$subsys/iopolicy"
for c in $(ctrls); do
	inject "$(path_of_ctrl "$c")" 0x371 100
done
io_start --nsid 3 -t 600 -q 16 -o rw --metadata 8 --mode spin "$ng"
check "with metadata: both paths fail" wait_for 20 all_injected
check "with metadata: all commands succeed" io_stop
finish
