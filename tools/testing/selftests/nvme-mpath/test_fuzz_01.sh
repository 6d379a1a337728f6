#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send random commands of an ordinary user to a head that is open for
# reading, while paths come and go and the user has become root: no byte is written
# to the namespace or to other memory, and none comes from the kernel's.
# stock: fail
# timeout: 240
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

digest()
{
	dd if="$backend" bs=1M iflag=direct status=none | md5sum
}

# as_nobody <what> [nvme_mpath_fuzz option]...: without a fault, and with many
as_nobody()
{
	local what=$1

	shift
	fuzz_start --user 65534 --read-only --ioctls 2 "$@" "$ng"
	fuzz_goes_on 300
	check_fuzz "$what, no fault"
	fuzz_start --user 65534 --read-only --ioctls 2 "$@" "$ng"
	fuzz_flap 2 parked lost refused port
	check_fuzz "$what, paths come and go"
}

begin 16
need_tools nvme
nvmet_up 2 0 -l 600
round_robin
trace_path_errors
# a file system of 0xc7, the sort of bytes that the program expects
dd if=/dev/zero bs=1M count=8 status=none | tr '\0' '\307' |
	dd of="/dev/$head" bs=1M oflag=direct status=none
chmod 644 "$ng"
before=$(digest)
# all but reads, flushes and reservation reports
trace_event nvmet/nvmet_req_init \
	'qid > 0 && opcode != 0 && opcode != 2 && opcode != 0x0e'

as_nobody "nobody"
as_nobody "nobody, root while they wait" --root-later
check "no command reached the target that nobody has no right to" \
	is 0 "$(target_counted)"
check "commands were parked and failed over" test \
	"$(count parked_total)" -gt 0 -a "$(count failed_over)" -gt 0
check "the namespace is as before" is "$before" "$(digest)"
check_nothing_left
finish
