#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end a command by the policy after attempts that had a result:
# the application gets the result of the last one. So it does when it cancels it.
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
for c in $(ctrls); do
	inject "$(path_of_ctrl "$c")" 0x371 -1
done
must 1 "a policy" policy all
trace_passthru
io_start --nsid 2 -n 1 -q 1 -b 1024 --patience 60 -o append --zone 2048 "$ng"
check "a zone append that meets path errors is sent again" wait_for 10 tried
policy none
io_wait
check "the policy ends it with the status of its last attempt" \
	is "0x371:1" "$(io_value errors)"
check "and with the place where that has written" \
	is $((2 * $(traced retry))) "$(io_value res2)"

policy all
trace_passthru
io_start --nsid 2 -n 1 -q 1 -b 1024 --patience 60 --first-lba 2048 \
	-o append --zone 2048 --on-usr2 cancel "$ng"
must 10 "some attempts" tried
check "it can be cancelled between its attempts" wait_for 10 cancelled
io_wait
check "it ends as cancelled" is "-125:1" "$(io_value errors)"
check "with the place where its last attempt has written" \
	is $((2048 + 2 * $(traced retry))) "$(io_value res2)"
finish
