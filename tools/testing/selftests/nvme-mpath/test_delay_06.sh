#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will unplug both PCIe controllers again and again, and plug one in
# so that its path comes back about when the delay of the removal is over.
# NVME_MPATH_CYCLES says how often (10).
# 7.3 has a delay of its own, which gets this right most of the time.
# stock: fail pass:7.3
# timeout: 400
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

cycles=${NVME_MPATH_CYCLES:-10}

# one_cycle <ms>: so long after the loss of the last path, or if there is no number
# when the head is gone, the card is back; sets $took, how long it takes from there
# to a path
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

# The name of a head that goes may be that of another one in a moment: whose it is
# is asked last.
pci_path()
{
	find_head "$PCI_NQN" && [ "$(ctrl_state "$(pci_ctrl 0)")" = live ] &&
		has_path && [ "$(cat "/sys/block/$head/nsid")" = 1 ]
}

begin 4
need_qmp
need_tools setpci
pci_head

# how long the way back takes tells when to start it
must 1 "a delay" delay_for 600
wrong=0 kept=0 lost=0
first=$head
one_cycle 0 || wrong=$((wrong + 1))
check "long before its time is over: the head is kept" is "$first" "$head"
secs=$((took / 1000 + 4))
ktap_print_msg "it takes $took ms to a path, the delay is $secs s"
for i in $(seq "$cycles"); do
	must 5 "a delay" delay_for $secs
	before=$head
	# once for sure too late, and then let us see
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
check "every command was answered once, with success or -EIO" test $wrong -eq 0
check "the path came back too late" test $lost -gt 0
must 1 "no delay" delay_for 0
pci_pull 0
check "without a delay nothing is left" wait_for 30 subsys_gone
finish
