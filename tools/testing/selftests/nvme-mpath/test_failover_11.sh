#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will pull the path of writes in flight that tell where to place their data
# (Flexible Data Placement): the controller that remains places each where it was told.
# stock: fail
# timeout: 150
# qemu: fdp
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# placement handles of the namespace, and the first that has a directive; what has none
# goes to handle 0
HANDLES=8 FIRST=1
BLOCKS=8

# read_room: sets $room, what is left of each handle's reclaim unit, in blocks
read_room()
{
	mapfile -t room < <(nvme fdp status "$ng" -n 1 |
		sed -n 's/.*(RUAMW): *\([0-9]*\).*/\1/p')
}

# placed: sets $placed, the blocks that were written with each handle since read_room
placed()
{
	local before=("${room[@]}") h

	read_room
	for h in "${!room[@]}"; do
		placed[h]=$((before[h] - room[h]))
	done
	ktap_print_msg "blocks placed, by handle: ${placed[*]}"
}

# placed_with_each <n>: at least so many blocks with each handle that was named
placed_with_each()
{
	local h

	for ((h = FIRST; h < HANDLES; h++)); do
		[ "${placed[h]}" -ge "$1" ] || return
	done
}

# pulled_with_directives <what> <slot> [nvme_mpath_io option]...: QEMU may execute the
# commands it has before it lets a controller go, so until one was lost
pulled_with_directives()
{
	local what=$1 slot=$2 before failed='' n=$((HANDLES - FIRST))

	shift 2
	before=$(path_errors)
	read_room
	for _ in 1 2 3 4 5 6 7 8; do
		# they stay in flight for seconds
		pci_slow 1
		io_start -n $((4 * n)) -q "$n" -o rw --placement $FIRST "$@" "$ng"
		must 20 "$n writes in flight" io_pending "$n"
		pci_pull "$slot"
		must 60 "slot $slot: no controller" slot_empty "$slot"
		pci_slow 0
		io_wait || failed=1
		pci_plug "$slot"
		must 60 "two live paths" paths_live 2
		[ "$(path_errors)" -eq "$before" ] || break
	done
	check "$what: at least one write in flight was lost with its path" \
		saw_path_errors $((before + 1))
	check "$what: all commands succeed, with the right data" test -z "$failed"
	placed
	check "$what: each handle has got the data that was meant for it" \
		placed_with_each $BLOCKS
	check "$what: no data without its handle" is 0 "${placed[0]}"
}

begin 12
need_qmp
need_tools nvme setpci
pci_head
read_room
is $HANDLES ${#room[@]} || give_up "no $HANDLES placement handles: ${room[*]}"
trace_path_errors
placed=()

# both slots, as one of them is the path that is in use
round_robin
pulled_with_directives "slot 0" 0
pulled_with_directives "slot 1, vectored" 1 --vectored
pulled_with_directives "slot 0, registered buffers" 0 --registered
finish
