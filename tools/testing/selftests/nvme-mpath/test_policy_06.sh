#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end a command by the policy, and another one by a cancellation,
# after attempts that had a result: the application gets the last result.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

tried()
{
	[ "$(traced retry)" -ge 3 ]
}

cancelled()
{
	kill -USR2 "$io" 2>/dev/null
	ended "$io"
}

begin 6
pci_head
pci_ns 2
inject_paths 0x371 -1
must 1 "a policy" policy all
trace_passthru
io_start --nsid 2 -n 1 -q 1 -b 1024 --patience 60 -o append --zone 2048 "$ng"
check "policy all: a zone append with path errors is retried" wait_for 10 tried
policy none
io_wait
check "policy none ends the append with the status of its last attempt" \
	is "0x371:1" "$(io_value errors)"
check "policy none ends the append with the place of its last attempt" \
	is $((2 * $(traced retry))) "$(io_value res2)"

policy all
trace_passthru
io_start --nsid 2 -n 1 -q 1 -b 1024 --patience 60 --first-lba 2048 \
	-o append --zone 2048 --on-usr2 cancel "$ng"
must 10 "some attempts" tried
check "an append can be cancelled between its attempts" wait_for 10 cancelled
io_wait
check "the cancelled append ends with -ECANCELED" is "-125:1" "$(io_value errors)"
check "the cancelled append ends with the place of its last attempt" \
	is $((2048 + 2 * $(traced retry))) "$(io_value res2)"
finish
