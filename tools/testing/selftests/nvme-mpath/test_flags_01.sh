#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will run the example program of the documentation, and see that it
# finds the flags of commands, and no others, on a head and on a path's own node.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

known="FAILFAST: yes
FAILOVER: yes"
# all other bits, and both flags together
others=(1 2 3 12 0x10 0x40 0x80 0xc0)
no_others=$(printf '\n%s: no' "${others[@]}")

# answers <words> [flags]...: the program prints just that, and exits with 0
answers()
{
	local words=$1 told

	shift
	told=$(./passthru_flags "$ng" "$@" 2>&1) && [ "$told" = "$words" ] &&
		return
	ktap_print_msg "it said: ${told//$'\n'/; }"
	return 1
}

begin 6
pci_single
check "a path's own node: the kernel knows FAILFAST and FAILOVER" answers "$known"
check "a path's own node: both flags together, and all other bits, are refused" \
	answers "$known$no_others" "${others[@]}"

pci_head
for policy in idempotent all none; do
	echo "$policy" >"/sys/block/$head/passthru_failover"
	check "a head with policy $policy: the kernel knows FAILFAST and FAILOVER" \
		answers "$known"
done
check "a head: both flags together, and all other bits, are refused" \
	answers "$known$no_others" "${others[@]}"
finish
