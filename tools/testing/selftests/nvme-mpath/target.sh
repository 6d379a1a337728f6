#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: what the other guest runs in a test with a line "# target: target.sh".
# Its ports are at the ends of two wires, and its namespace is a drive of QEMU, which
# keeps what was written when the guest is reset.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 1
wires_up "${target_ends[@]}"
pci_single
backend=/dev/$head
nvmet_target_up 2 0
# or each time it starts it would be another subsystem
echo mpath-target >"$nvmet/subsystems/$NVMET_NQN/attr_serial"
ktap_print_msg "the target is up"
exec sleep infinity
