# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# The transports between host and target: $transport is tcp, or rdma or fc where a
# test sets it before nvmet_up. None of them needs hardware.

transport=tcp
# an address of rxe's own: RFC 5737 has it for such uses
RDMA_ADDRESS=192.0.2.1
FCLOOP=/sys/class/fcloop/ctl

# wwn <n>: node and port have the same name; 0 is the host
wwn()
{
	printf '0x1000000000000a%02x' "$1"
}

# Addresses of the target's ports over TCP, where that is not this machine.
tcp_addresses=()

# port_address <n>: sets $adrfam, $traddr and, but for FC, $trsvcid of nvmet port n
port_address()
{
	local name

	adrfam=ipv4 trsvcid=$((4419 + $1))
	case $transport in
	tcp) traddr=${tcp_addresses[$1]:-127.0.0.1} ;;
	rdma) traddr=$RDMA_ADDRESS ;;
	fc)
		name=$(wwn "$1")
		adrfam=fc traddr=nn-$name:pn-$name trsvcid=''
		;;
	esac
}

# The TCP ports of relays in front of nvmet's ports: see relay_up
wired=()

# host_address <n>: the same, as the host sees it
host_address()
{
	port_address "$1"
	trsvcid=${wired[$1]:-$trsvcid}
}

# need_module <module> <its option>
need_module()
{
	load_modules "$1"
	[ -d "/sys/module/${1//-/_}" ] || skip_all "no $1 (CONFIG_$2)"
}

# transport_up <ports>: modules, and what carries the ports
transport_up()
{
	case $transport in
	tcp) load_modules nvme-tcp nvmet-tcp ;;
	rdma) rdma_up ;;
	fc) fc_up "$1" ;;
	*) give_up "no transport '$transport'" ;;
	esac
}

# rdma_up: a software RDMA device over a network device that goes nowhere
rdma_up()
{
	need_module nvme-rdma NVME_RDMA
	need_module nvmet-rdma NVME_TARGET_RDMA
	need_module rdma_rxe RDMA_RXE
	need_module dummy DUMMY
	need_tools rdma
	# numdummies=1 has made it
	ip addr add "$RDMA_ADDRESS/24" dev dummy0
	ip link set dummy0 up
	rdma link add mpath_rxe type rxe netdev dummy0 || give_up "no rxe device"
	at_exit "rdma link delete mpath_rxe; ip addr flush dev dummy0"
}

# fcloop_port <n>: a remote port of the host, and a port of the target, which are
# the two ends of one wire
fcloop_port()
{
	local name host

	name=$(wwn "$1") host=$(wwn 0)
	echo "wwnn=$name,wwpn=$name" >$FCLOOP/add_target_port || return
	at_exit "echo wwnn=$name,wwpn=$name >$FCLOOP/del_target_port"
	# the role: a target, and discovery
	echo "wwnn=$name,wwpn=$name,lpwwnn=$host,lpwwpn=$host,roles=0x60" \
		>$FCLOOP/add_remote_port || return
	at_exit "echo wwnn=$name,wwpn=$name >$FCLOOP/del_remote_port"
}

# fc_up <ports>: a port of the host, and a wire for each port
fc_up()
{
	local p host

	need_module nvme-fc NVME_FC
	need_module nvmet-fc NVME_TARGET_FC
	need_module nvme-fcloop NVME_TARGET_FCLOOP
	host=$(wwn 0)
	echo "wwnn=$host,wwpn=$host" >$FCLOOP/add_local_port ||
		give_up "no FC port of the host"
	at_exit "echo wwnn=$host,wwpn=$host >$FCLOOP/del_local_port"
	for p in $(seq "$1"); do
		fcloop_port "$p" || give_up "no FC port $p of the target"
	done
}

# transport_port <n>: nvmet port n gets its address
transport_port()
{
	local d=$nvmet/ports/$1 adrfam traddr trsvcid

	port_address "$1"
	echo "$transport" >"$d/addr_trtype"
	echo "$adrfam" >"$d/addr_adrfam"
	echo "$traddr" >"$d/addr_traddr"
	[ -z "$trsvcid" ] || echo "$trsvcid" >"$d/addr_trsvcid"
}

# transport_options <n>: sets the array $options, what nvme connect takes for port n
transport_options()
{
	local adrfam traddr trsvcid host

	host_address "$1"
	options=(-t "$transport" -a "$traddr")
	if [ "$transport" = fc ]; then
		host=$(wwn 0)
		options+=(-w "nn-$host:pn-$host")
	else
		options+=(-s "$trsvcid")
	fi
}
