#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will unplug both PCIe controllers again and again, and plug one in
# so that its path comes back at about the end of the delay of the removal.
# NVME_MPATH_CYCLES says how often (10).
# 7.3 has a delay of its own, which gets this right most of the time.
# stock: fail pass:7.3
# timeout: 400
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

cycles=${NVME_MPATH_CYCLES:-10}

# one_cycle [ms]: plugs the card in so long after the loss of the last path, or,
# without a number, when the head is gone. Sets $took, the time from there to a
# path.
one_cycle()
{
	local start plugged gone=$head

	io_start -n 16 -q 16 --patience 300 --same-data -o rw "$ng"
	pci_pull 0
	[ -z "$(pci_ctrl 1)" ] || pci_pull 1
	must 30 "no controller" no_ctrl
	start=$(ms)
	must 10 "slot 0 off" slot_off 0
	if [ $# -gt 0 ]; then
		must 60 "the moment" past $((start + $1))
	else
		must 60 "the end of the head" test ! -e "/sys/block/$gone"
	fi
	plugged=$(ms)
	pci_plug 0
	must 60 "a head with a path" pci_path
	took=$(($(ms) - plugged))
	io_wait
	[ "$io_status" -le 1 ] && io_errors_only -5
}

# A new head may reuse the name of one that just went: look at its NSID last.
pci_path()
{
	find_head "$PCI_NQN" && [ "$(ctrl_state "$(pci_ctrl 0)")" = live ] &&
		has_path && [ "$(cat "/sys/block/$head/nsid")" = 1 ]
}

begin 4
need_qmp
need_tools setpci
pci_head

# measures the time from the plug to a path
must 1 "a delay" delay_for 600
wrong=0 kept=0 lost=0
first=$head
one_cycle 0 || wrong=$((wrong + 1))
check "a path that is back long before the end of the delay keeps the head" \
	is "$first" "$head"
secs=$((took / 1000 + 4))
ktap_print_msg "it takes $took ms to a path, the delay is $secs s"
for i in $(seq "$cycles"); do
	must 5 "a delay" delay_for $secs
	before=$head
	# the first one is too late in any case
	when=()
	[ "$i" -eq 1 ] ||
		when=($((secs * 1000 - took + RANDOM % 1000 - 400)))
	one_cycle "${when[@]}" || {
		wrong=$((wrong + 1))
		ktap_print_msg "cycle $i: exit code $io_status, $(io_value errors)"
	}
	if [ "$head" = "$before" ] && [ "$(delay)" = $secs ]; then
		kept=$((kept + 1))
	else
		lost=$((lost + 1))
	fi
done
ktap_print_msg "$cycles cycles: the head was kept $kept times, removed $lost times"
check "in all cycles each command ended once, with success or -EIO" \
	test $wrong -eq 0
check "in some cycles the head went before its path was back" test $lost -gt 0
must 1 "no delay" delay_for 0
pci_pull 0
check "with a delay of 0 the subsystem goes with its last path" \
	wait_for 30 subsys_gone
finish
