#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see which namespaces may come back to a head that waits for
# one: one that its controllers did not list for a while, and no other that has
# its number.
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

# rescan: of all controllers; nvmet may announce a namespace too early
rescan()
{
	local c

	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/rescan_controller"
	done
}

path_again()
{
	rescan
	has_path
}

# both controllers are there, and say that it is not: so does a target that is
# just being started
head=$two
echo 0 >"$ns/2/enable"
check "gone from the list of live controllers: no path" wait_for 10 lacks_path
check "its head stays" test -b "/dev/$two" -a -c "/dev/ng${two#nvme}"
io_start --nsid 2 -n 8 -q 4 -o rw "/dev/ng${two#nvme}"
check "commands wait on it" wait_for 10 io_stuck 4
echo 1 >"$ns/2/enable"
check "listed again: the head has a path" wait_for 20 path_again
check "and its commands succeed" io_wait
echo 0 >"$ns/2/enable"
must 10 "no path" lacks_path
delay_for 0
check "a delay of 0: the head goes" wait_for 10 no_ns 2
find_head "$NVMET_NQN" 1
check "the other one stays" test -b "/dev/$head"
echo 1 >"$ns/2/enable"
must 20 "a head again" rescan_finds 2
must 1 "a delay" delay_for 600
two=$head

# all paths of both go; another namespace has the number of the second
must 20 "no path" disconnect_all
check "both heads wait" test -b "/dev/$two" -a -b "/dev/${two%n*}n1"
echo 0 >"$ns/2/enable"
nvmet_ns_up 2 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e99
find_head "$NVMET_NQN" 1
connect_all
must 20 "live paths" paths_live 2
check "its number and other identifiers: refused" \
	wait_for 10 log_has "IDs don't match"
check "the first one is back" wait_for 10 has_path
find_head "$NVMET_NQN" 2
check "the head of the second still waits" lacks_path
delay_for 0
check "when it is gone, the other one is taken" wait_for 10 rescan_finds 2
check "as a head of its own" is 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e99 \
	"$(cat "/sys/block/$head/uuid")"

# a private one is no duplicate of itself; meanwhile the other subsystem waits too
must 1 "a delay" delay_for 600
must 20 "no path" disconnect_all
two=$head
pci_head
pci_ns 4
must 1 "a delay" delay_for 600
device=$(readlink -f "/sys/class/nvme/$(pci_ctrl 0)/device")
echo "${device##*/}" >/sys/bus/pci/drivers/nvme/unbind
check "a private one: its head waits" lacks_path
check "heads of two subsystems wait" test -b "/dev/$head" -a -b "/dev/$two"
private=$head
echo "${device##*/}" >/sys/bus/pci/drivers/nvme/bind
check "a private one comes back" wait_for 20 has_path
check "to the same head" is "$private" "$head"
finish
