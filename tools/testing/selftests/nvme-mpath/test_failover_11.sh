#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will pull the path of writes in flight that tell where to place their data
# (Flexible Data Placement): the controller that remains places each where it was told.
# stock: fail
# timeout: 240
# qemu: fdp
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# placement handles of the namespace; what has no directive goes to the first
HANDLES=8
N=$((HANDLES - 1))
BLOCKS=8

# read_room: sets $room, what is left of each handle's reclaim unit, in blocks
read_room()
{
	mapfile -t room < <(nvme fdp status "$ng" -n 1 |
		sed -n 's/.*(RUAMW): *\([0-9]*\).*/\1/p')
}

# read_placed: sets $placed, the blocks that were written with each handle since
# read_room
read_placed()
{
	local before=("${room[@]}") h

	read_room
	placed=()
	for h in "${!room[@]}"; do
		placed[h]=$((before[h] - room[h]))
	done
	ktap_print_msg "blocks placed, by handle: ${placed[*]}"
}

# placed_once_or_twice <n>: n writes with each directive, on one path or on both
placed_once_or_twice()
{
	local blocks

	for blocks in "${placed[@]:1}"; do
		[ "$blocks" -ge $(($1 * BLOCKS)) ] &&
			[ "$blocks" -le $((2 * $1 * BLOCKS)) ] || return
	done
}

# some_pending: several commands are in flight; the drive lets one pass at once
some_pending()
{
	io_report && [ "$(io_value pending)" -ge 2 ]
}

# pulled <slot> [nvme_mpath_io option]...: with commands in flight, which stay there for
# seconds; returns the verdict on the load
pulled()
{
	local slot=$1 ret

	shift
	pci_slow 1
	io_start -q $N --placement 1 "$@" "$ng"
	must 20 "commands in flight" some_pending
	pci_pull "$slot"
	must 60 "slot $slot: no controller" slot_empty "$slot"
	pci_slow 0
	io_wait
	ret=$?
	pci_plug "$slot"
	must 60 "two live paths" paths_live 2
	return $ret
}

# pulled_with_directives <what> <slot> [nvme_mpath_io option]...
pulled_with_directives()
{
	local what=$1 slot=$2 before failed='' tries=0

	shift 2
	before=$(path_errors)
	read_room
	# QEMU may execute the commands it has before it lets a controller go
	while [ $tries -lt 6 ] && [ "$(path_errors)" -eq "$before" ]; do
		tries=$((tries + 1))
		# so many writes, one with each directive
		pulled "$slot" -n $N -o write "$@" || failed=1
	done
	read_placed
	check "$what: at least one write in flight was lost with its path" \
		saw_path_errors $((before + 1))
	check "$what: all writes succeed" test -z "$failed"
	check "$what: each handle has the data that was meant for it" \
		placed_once_or_twice $tries
	check "$what: no data without its directive" is 0 "${placed[0]}"
	check "$what: all data is right when a path is pulled again" \
		pulled "$slot" -n $((4 * N)) -o rw "$@"
}

begin 15
need_qmp
need_tools nvme setpci
pci_head
nvme fdp status "$ng" -n 1 >"$tmp/status" 2>&1 ||
	skip_all "nvme-cli or the controllers have no 'fdp status'"
read_room
is $HANDLES ${#room[@]} || give_up "no $HANDLES placement handles: $(cat "$tmp/status")"
trace_path_errors
# the writes of both slots, of which one has the path that is in use
round_robin
pulled_with_directives "slot 0" 0
pulled_with_directives "slot 1, vectored" 1 --vectored
pulled_with_directives "slot 0, registered buffers" 0 --registered
finish
