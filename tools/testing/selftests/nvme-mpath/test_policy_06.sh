#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end a command by the policy after attempts that had a result:
# the application gets the result of the last one.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

tried()
{
	[ "$(traced retry)" -ge 3 ]
}

begin 3
pci_head
pci_ns 2
for c in $(ctrls); do
	inject "$(path_of_ctrl "$c")" 0x371 -1
done
must 1 "a policy" policy all
trace_passthru
io_start -N 2 -n 1 -q 1 -p 60 -o append -Z 2048 "$ng"
check "a zone append that meets path errors is sent again" wait_for 10 tried
policy none
io_wait
check "the policy ends it with the status of its last attempt" \
	is "0x371:1" "$(io_value errors)"
check "and with the place where that has written" \
	is $((8 * $(traced retry))) "$(io_value res2)"
finish
