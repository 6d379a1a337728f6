#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands one at a time under iopolicy round-robin, and see
# that each takes the next path, also where the mapping of its memory comes first.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# alternates <what> [nvme_mpath_io option]...: 20 commands, 10 down each path
alternates()
{
	local what=$1 c

	shift
	trace_sent
	io_start -n 20 -q 1 "$@" "$ng"
	check "$what: 20 commands, one at a time, succeed" io_wait
	for c in $(ctrls); do
		check "$what: 10 of 20 commands took the path of $c" is 10 \
			"$(grep -c "nvme_setup_cmd: $c:" "$TRACING/trace")"
	done
}

begin 12
pci_head
pci_ns 3
round_robin
alternates "plain" --nsid 3 -o rw
alternates "with metadata" --nsid 3 -o rw --metadata 8
alternates "with metadata, io-wq" --nsid 3 -o rw --metadata 8 --mode async
pci_ns 1
alternates "vectored" -o rw --vectored
finish
