#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see which namespaces may come back to a head without a path: the
# one that its controllers did not list for a while, but no other one with its
# number.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

ns=$nvmet/subsystems/$NVMET_NQN/namespaces

# no_ns <nsid>: the host has no head for it
no_ns()
{
	! find_head "$NVMET_NQN" "$1"
}

begin 17
need_tools nvme
nvmet_up 2 5
nvmet_ns_up 2 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e02
# nvmet may announce a namespace before it knows it: hence the rescans
must 10 "its head" rescan_finds 2
must 1 "a delay" delay_for 600
two=$head
find_head "$NVMET_NQN" 1
must 1 "a delay" delay_for 600

# nvmet may announce a namespace before it knows it
path_again()
{
	rescan
	has_path
}

# both controllers are live but do not list the namespace: a target that is just
# starting does the same
head=$two
echo 0 >"$ns/2/enable"
check "a namespace that live controllers no longer list loses its paths" \
	wait_for 10 lacks_path
check "the head of the unlisted namespace stays" \
	test -b "/dev/$two" -a -c "/dev/ng${two#nvme}"
io_start --nsid 2 -n 8 -q 4 -o rw "/dev/ng${two#nvme}"
check "commands to the unlisted namespace are parked" wait_for 10 io_stuck 4
echo 1 >"$ns/2/enable"
check "the namespace is listed again: the head has a path" wait_for 20 path_again
check "the commands to the namespace succeed when it is listed again" io_wait
echo 0 >"$ns/2/enable"
must 10 "no path" lacks_path
delay_for 0
check "unlisted, and the delay set to 0: the head goes" wait_for 10 no_ns 2
find_head "$NVMET_NQN" 1
check "the head of the other namespace stays" test -b "/dev/$head"
echo 1 >"$ns/2/enable"
must 20 "a head again" rescan_finds 2
must 1 "a delay" delay_for 600
two=$head

# both heads lose all paths; a new namespace takes the number of the second
must 20 "no path" disconnect_all
check "both heads stay without a path" \
	test -b "/dev/$two" -a -b "/dev/${two%n*}n1"
echo 0 >"$ns/2/enable"
nvmet_ns_up 2 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e99
find_head "$NVMET_NQN" 1
connect_all
must 20 "live paths" paths_live 2
check "a namespace with the number, but other identifiers, is refused" \
	wait_for 10 log_has "IDs don't match"
check "the first head has a path again" wait_for 10 has_path
find_head "$NVMET_NQN" 2
check "the second head has no path from the foreign namespace" lacks_path
delay_for 0
check "once the second head is gone, a scan takes the foreign namespace" \
	wait_for 10 rescan_finds 2
check "the foreign namespace has a head with its own UUID" \
	is 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e99 "$(cat "/sys/block/$head/uuid")"

# A private namespace is no duplicate of itself. Meanwhile a head of the other
# subsystem has no path, too.
must 1 "a delay" delay_for 600
must 20 "no path" disconnect_all
two=$head
pci_head
pci_ns 4
must 1 "a delay" delay_for 600
device=$(readlink -f "/sys/class/nvme/$(pci_ctrl 0)/device")
echo "${device##*/}" >/sys/bus/pci/drivers/nvme/unbind
check "the head of an unbound private namespace has no path" lacks_path
check "heads of two subsystems stay without a path at a time" \
	test -b "/dev/$head" -a -b "/dev/$two"
private=$head
echo "${device##*/}" >/sys/bus/pci/drivers/nvme/bind
check "the private namespace has a path when its controller is bound" \
	wait_for 20 has_path
check "the private namespace comes back to the same head" is "$private" "$head"
finish
