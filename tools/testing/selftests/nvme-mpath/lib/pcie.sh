# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# QEMU's PCIe controllers, and its monitor.

PCI_SINGLE_NQN=nqn.2019-08.org.qemu:single
PCI_NQN=nqn.2019-08.org.qemu:mpath
QMP_PORT=/dev/virtio-ports/nvme-mpath.qmp
declare -A qmp_fds

pci_head()
{
	wait_for 5 find_head "$PCI_NQN" || skip_all "no PCIe subsystem $PCI_NQN"
	must 10 "two live paths" paths_live 2
}

# pci_ns <nsid>: sets $head and $ng to that namespace of the PCIe subsystem
pci_ns()
{
	wait_for 5 find_head "$PCI_NQN" "$1" ||
		skip_all "no namespace $1 in the PCIe subsystem"
}

# pci_single: the controller without a subsystem; sets $head and $ng, which are
# the only path and its own node
# shellcheck disable=SC2034 # for the caller
pci_single()
{
	local s node

	for s in /sys/class/nvme/*; do
		[ "$(cat "$s/subsysnqn" 2>/dev/null)" = "$PCI_SINGLE_NQN" ] ||
			continue
		for node in "$s"/nvme*n*; do
			head=${node##*/}
			ng=/dev/ng${head#nvme}
			[ ! -c "$ng" ] || return 0
		done
	done
	skip_all "no PCIe controller without a subsystem"
}

# qmp_answers <log>: how many commands QEMU has answered
qmp_answers()
{
	grep -cE '"(return|error)":' "$1"
}

qmp_answered()
{
	[ "$(qmp_answers "$1")" -ge "$2" ]
}

# qmp_send <port> <line>: QEMU has done it when this returns
qmp_send()
{
	local log=$tmp/${1##*/} before

	before=$(qmp_answers "$log")
	echo "$2" >&"${qmp_fds[$1]}"
	must 30 "QEMU's answer" qmp_answered "$log" $((before + 1))
}

# qmp_at <port> <command> [arguments as JSON]
qmp_at()
{
	local fd log=$tmp/${1##*/}

	[ -c "$1" ] || return
	if [ ! -e "$log" ]; then
		: >"$log"
		exec {fd}<>"$1"
		qmp_fds[$1]=$fd
		cat <&"$fd" >>"$log" 2>&1 &
		at_exit "kill $!"
		qmp_send "$1" '{"execute":"qmp_capabilities"}'
	fi
	qmp_send "$1" "{\"execute\":\"$2\"${3:+,\"arguments\":$3}}"
}

# qmp <command> [arguments as JSON]: to the QEMU of this guest
qmp()
{
	qmp_at "$QMP_PORT" "$@"
}

need_qmp()
{
	[ -c "$QMP_PORT" ] || skip_all "not in this test's own VM"
}

# pci_slow <IOPS>: throttle the drive of the shared namespace; 0: as before
pci_slow()
{
	qmp block_set_io_throttle "{\"id\":\"ns0dev\",\"bps\":0,\"bps_rd\":0,
		\"bps_wr\":0,\"iops\":$1,\"iops_rd\":0,\"iops_wr\":0}"
}

# The two slots are root ports at 10.0 and 11.0: see vm/lib.sh.

# pci_pull <0|1>: take the card out of that slot without a word to any driver.
# QEMU drops the device when the slot's power goes off. Power is on again before
# the hot-plug driver gets an interrupt: the driver would believe that it has
# emptied a slot without power itself.
pci_pull()
{
	setpci -s "00:1$1.0" CAP_EXP+18.w=0700:0720 CAP_EXP+18.w=0120:0720
}

# pci_kill <0|1>: the same, but the driver only notices when commands time out
pci_kill()
{
	setpci -s "00:1$1.0" CAP_EXP+18.w=0700:0700
}

# slot_empty <0|1>: it has no controller any more
slot_empty()
{
	[ -z "$(pci_ctrl "$1")" ]
}

slot_off()
{
	[ $((0x$(setpci -s "00:1$1.0" CAP_EXP+18.w) & 0x700)) -eq $((0x700)) ]
}

# pci_plug <0|1>: put that controller back into its slot. QEMU drops it again
# if the hot-plug driver has not finished with the removal: that takes a second.
pci_plug()
{
	must 10 "slot $1 off" slot_off "$1"
	qmp device_add "{\"driver\":\"nvme\",\"id\":\"nvme$1\",
		\"serial\":\"mpath\",\"subsys\":\"subsys0\",\"bus\":\"rp$1\"}"
}

# pci_ctrl <0|1>: the controller in that slot
pci_ctrl()
{
	local c

	for c in $(ctrls); do
		[[ $(readlink -f "/sys/class/nvme/$c/device") != */0000:00:1$1.0/* ]] ||
			echo "$c"
	done
}
