#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send random commands with metadata to PCIe heads, of root and of an
# ordinary user, while controllers are reset and pulled: each is answered once, in
# its own memory, and the buffers that the kernel bounces show none of its memory.
# stock: fail
# timeout: 200
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

flap_reset()
{
	reset_all
}

flap_pulled()
{
	pci_pull 0
	must 60 "one path" paths_live 1
	must 60 "an empty slot" slot_empty 0
	pci_plug 0
	must 60 "two paths" paths_live 2
}

begin 9
need_qmp
pci_ns 3
chmod 644 "$ng"
round_robin
trace_path_errors

# before root has written anything
fuzz_start --nsid 3 --match --metadata 8 --user 65534 --read-only --root-later "$ng"
fuzz_flap 1 reset pulled
check_fuzz "nobody, paths come and go"
fuzz_start --nsid 3 --match --metadata 8 "$ng"
fuzz_goes_on 300
check_fuzz "root, no fault"
fuzz_start --nsid 3 --match --metadata 8 "$ng"
fuzz_flap 2 reset pulled
check_fuzz "root, paths come and go"
finish
