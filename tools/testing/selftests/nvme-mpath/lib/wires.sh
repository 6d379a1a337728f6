# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# Two guests, host and target, and two wires between them: those of a test with a line
# "# target: <script>", which says what the other guest runs. See vm/run.sh.

TARGET_QMP=/dev/virtio-ports/nvme-mpath.target
# RFC 5737 has these networks for such uses
# shellcheck disable=SC2034 # for tests
host_ends=([1]=192.0.2.1 [2]=198.51.100.1)
target_ends=([1]=192.0.2.2 [2]=198.51.100.2)

# need_target: in the host
need_target()
{
	[ -c "$TARGET_QMP" ] || skip_all "no other guest, which run.sh starts"
}

# wire_device <wire>: run.sh has its number in the address
wire_device()
{
	local f

	f=$(grep -l "^52:54:00:00:0$1:" /sys/class/net/*/address) || return
	f=${f%/address}
	echo "${f##*/}"
}

# wires_up <address of the end of wire 1> <of wire 2>
wires_up()
{
	local i=0 address device

	load_modules virtio_net
	for address in "$@"; do
		i=$((i + 1))
		device=$(wire_device $i) ||
			skip_all "no network device (CONFIG_VIRTIO_NET)"
		ip addr add "$address/24" dev "$device"
		ip link set "$device" up || give_up "wire $i does not come up"
	done
	# shellcheck disable=SC2034 # for transport.sh
	tcp_addresses=([1]="${target_ends[1]}" [2]="${target_ends[2]}")
}

# wire_link <host|target> <wire> <true|false>: plug a wire in at that end, or pull it
# out. Only that end's guest notices.
wire_link()
{
	local port=$QMP_PORT

	[ "$1" = host ] || port=$TARGET_QMP
	qmp_at "$port" set_link "{\"name\":\"nic$2\",\"up\":$3}"
}

# wire_netem <wire> [parameter of netem]...: what that wire does to packets of the host;
# nothing if nothing is said
wire_netem()
{
	local device

	device=$(wire_device "$1")
	shift
	if [ $# -gt 0 ]; then
		tc qdisc replace dev "$device" root netem "$@"
	else
		tc qdisc del dev "$device" root
	fi
}
