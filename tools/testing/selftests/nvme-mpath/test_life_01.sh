#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will keep char devices of heads open beyond the end of every path,
# the head, the subsystem and the transport's module, with commands that wait
# and without, and then try everything on the open files.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# fops_open <node>
fops_open()
{
	rm -f "$tmp/fops.in"
	mkfifo "$tmp/fops.in"
	./nvme_mpath_fops "$1" <"$tmp/fops.in" >"$tmp/fops" 2>&1 &
	fops=$!
	at_exit "kill $fops"
	exec 9>"$tmp/fops.in"
	wait_for 5 grep -q open "$tmp/fops" || give_up "$(cat "$tmp/fops")"
}

# fops_fail [operation]: everything was tried, nothing (else) succeeded
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

# unload <module>...: a module that is built in cannot be
unload()
{
	local m

	for m in "$@"; do
		[ ! -e "/sys/module/$m/refcnt" ] || wait_for 5 rmmod "$m" \
			2>"$tmp/rmmod" || {
			sed 's/^/# /' "$tmp/rmmod"
			return 1
		}
	done
}

# kept <module>: it is in use
kept()
{
	[ ! -e "/sys/module/$1/refcnt" ] || ! rmmod "$1" 2>"$tmp/rmmod"
}

begin 18
need_tools nvme rmmod modprobe

# over TCP, and nothing waits
nvmet_up 2 5
fops_open "$ng"
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
must 10 "no node" test ! -e "$ng"
check "no path: everything fails" fops_fail
check "the transport can be unloaded" unload nvme_tcp
check "without it: everything fails" fops_fail
check "the open file keeps nvme_core" kept nvme_core
fops_close
check "closed: the subsystem is gone" wait_for 10 subsys_gone
[ ! -d "/lib/modules" ] || modprobe nvme-tcp
connect_all
must 20 "head" find_head "$NVMET_NQN"
must 20 "live paths" paths_live 2

# with commands that wait, and a removal that is delayed
ana inaccessible
must 10 "no usable path" ana_seen inaccessible
must 1 "a delay" delay_for 600
io_start -n 32 -q 32 --patience 120 -o rw "$ng"
must 10 "commands that wait" io_stuck 32
fops_open "$ng"
must 20 "no path" disconnect_all
check "the transport can be unloaded under commands that wait" unload nvme_tcp
check "they still do" io_stuck 32
check "the delayed removal keeps nvme_core" kept nvme_core
must 1 "removal now" delay_for 0
io_wait
check "then they end with -EIO" is "-5:32" "$(io_value errors)"
must 10 "no node" test ! -e "$ng"
check "everything fails" fops_fail
fops_close
check "closed: the subsystem is gone" wait_for 10 subsys_gone

# PCIe
pci_head
ng2=$ng
fops_open "$ng2"
if [ -e /sys/module/nvme/refcnt ]; then
	check "PCIe: the driver can be unloaded" unload nvme
	must 10 "no node" test ! -e "$ng2"
	check "PCIe: everything fails" fops_fail
	fops_close
	check "closed: the subsystem is gone" wait_for 10 subsys_gone
	modprobe nvme
	check "loaded again: the head is back" wait_for 30 find_head "$PCI_NQN"
else
	for _ in 1 2 3 4; do
		ktap_test_skip "PCIe: nvme is built in"
	done
	fops_close
fi

# the node of a path that has no head; its number is known without the path
pci_single
fops_open "$ng"
echo 1 >"/sys/block/$head/device/device/remove"
check "a path's own node: it is gone" wait_for 20 test ! -e "$ng"
check "a path's own node: everything fails" fops_fail id
check "a path's own node: it can be closed" fops_close
finish
