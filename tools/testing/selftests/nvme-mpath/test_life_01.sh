#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will keep char devices of heads open beyond the life of every path,
# the head, the subsystem and the transport's module, with parked commands and
# without, and then try every operation on the open files.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# fops_open <node>
fops_open()
{
	rm -f "$tmp/fops.in"
	mkfifo "$tmp/fops.in"
	# or what the last one said is taken for its word
	: >"$tmp/fops"
	./nvme_mpath_fops "$1" <"$tmp/fops.in" >"$tmp/fops" 2>&1 &
	fops=$!
	at_exit "kill $fops"
	exec 9>"$tmp/fops.in"
	wait_for 5 grep -q open "$tmp/fops" || give_up "$(cat "$tmp/fops")"
}

# fops_fail [operation]: all operations were tried, and none (else) succeeded
fops_fail()
{
	rm -f "$tmp/fops.old"
	cp "$tmp/fops" "$tmp/fops.old"
	echo >&9
	wait_for 10 fops_answered || return
	tail -n 1 "$tmp/fops" | grep -q "^succeeded:${1:+ $1} tried: 17\$" || {
		ktap_print_msg "$(tail -n 1 "$tmp/fops")"
		return 1
	}
}

fops_answered()
{
	! cmp -s "$tmp/fops" "$tmp/fops.old"
}

fops_close()
{
	exec 9>&-
	wait "$fops"
}

# kept <module>: it is in use
kept()
{
	[ ! -e "/sys/module/$1/refcnt" ] || ! rmmod "$1" 2>"$tmp/rmmod"
}

begin 18
need_tools nvme rmmod modprobe

# over TCP, without parked commands
nvmet_up 2 5
fops_open "$ng"
disconnect
must 10 "no node" test ! -e "$ng"
check "TCP: on an open head without a path all operations fail" fops_fail
check "TCP: nvme-tcp can be unloaded while the char device is open" \
	unload nvme_tcp
check "TCP: without nvme-tcp all operations on the open head fail" fops_fail
check "TCP: the open char device holds nvme_core" kept nvme_core
fops_close
check "TCP: the subsystem goes when the char device is closed" \
	wait_for 10 subsys_gone
[ ! -d "/lib/modules" ] || modprobe nvme-tcp
connect_all
must 20 "head" find_head "$NVMET_NQN"
must 20 "live paths" paths_live 2

# with parked commands, and a delayed removal
no_usable_path inaccessible
must 1 "a delay" delay_for 600
parked_load 32 --patience 120 -o rw "$ng"
fops_open "$ng"
must 20 "no path" disconnect_all
check "delayed removal: nvme-tcp can be unloaded with 32 commands parked" \
	unload nvme_tcp
check "delayed removal: the 32 commands are still parked" io_stuck 32
check "delayed removal: it holds nvme_core" kept nvme_core
must 1 "removal now" delay_for 0
io_wait
check "removal at once: the 32 parked commands end with -EIO" \
	is "-5:32" "$(io_value errors)"
must 10 "no node" test ! -e "$ng"
check "removal at once: all operations on the open head fail" fops_fail
fops_close
check "removal at once: the subsystem goes when the char device is closed" \
	wait_for 10 subsys_gone

# PCIe
pci_head
ng2=$ng
fops_open "$ng2"
if [ -e /sys/module/nvme/refcnt ]; then
	check "PCIe: nvme can be unloaded while the char device is open" \
		unload nvme
	must 10 "no node" test ! -e "$ng2"
	check "PCIe: without nvme all operations on the open head fail" fops_fail
	fops_close
	check "PCIe: the subsystem goes when the char device is closed" \
		wait_for 10 subsys_gone
	modprobe nvme
	check "PCIe: the head is back when nvme is loaded again" \
		wait_for 30 find_head "$PCI_NQN"
else
	for _ in 1 2 3 4; do
		ktap_test_skip "PCIe: nvme is built in"
	done
	fops_close
fi

# a path without a head; its node answers NVME_IOCTL_ID without the path
pci_single
fops_open "$ng"
echo 1 >"/sys/block/$head/device/device/remove"
check "a path's own node goes with its controller" wait_for 20 test ! -e "$ng"
check "a path's own node, still open: all operations but id fail" fops_fail id
check "a path's own node can be closed without its controller" fops_close
finish
