# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# A wire that can be cut, and that changes answers: nvme_mpath_relay in front of a
# port of nvmet.

RELAY_PORT=4410

# relay_up <n>: for port n; the host connects to it from here on
relay_up()
{
	local port=$((RELAY_PORT - 1 + $1)) input

	mkfifo "$tmp/wire$1"
	./nvme_mpath_relay $port $((4419 + $1)) <"$tmp/wire$1" >"$tmp/relay$1" 2>&1 &
	[ "$1" != 1 ] || relay=$!
	at_exit "kill -9 $!"
	exec {input}>"$tmp/wire$1"
	relay_inputs[$1]=$input
	wired[$1]=$port
	must 5 "relay" grep -q ready "$tmp/relay$1"
}

relay_inputs=()

# relay_does <n> <line>: the relay of port n has taken it; see nvme_mpath_relay.c
relay_does()
{
	local n

	n=$(grep -c '^done$' "$tmp/relay$1")
	echo "$2" >&"${relay_inputs[$1]}"
	must 5 "an answer of the relay" relay_has '^done$' $((n + 1)) "$1"
}

# relay_of <path or controller>: the port whose relay it is behind; sets $queue,
# whose answers these are
relay_of()
{
	local p c

	for p in "${!wired[@]}"; do
		c=$(ctrl_of_port "$p")
		queue="admin"
		[ "$c" != "$1" ] || break
		queue=io
		[ -z "$c" ] || [ "$(path_of_ctrl "$c")" != "$1" ] || break
		p=''
	done
	[ -n "${p:-}" ] && relay_of=$p
}

# relay_fails <path or controller> <status> <times> <first> [cns]: as inject
relay_fails()
{
	local queue relay_of which=$(($4 - 1))

	relay_of "$1" || skip_all \
		"neither a fault_inject of $1 (CONFIG_FAULT_INJECTION_DEBUG_FS) nor a relay"
	[ -z "${5:-}" ] || queue=cns which=$5
	relay_does "$relay_of" "fail $(($2)) $3 $queue $which"
	relay_failed[relay_of]=$(grep -c '^failed$' "$tmp/relay$relay_of")
}

relay_failed=()

# relay_failed_all <path or controller>
relay_failed_all()
{
	local queue relay_of

	relay_of "$1"
	relay_has '^failed$' $((relay_failed[relay_of] + 1)) "$relay_of"
}

# relayed_connect [nvme connect option]...: two paths, the first by the relay.
# $wire_kato, if set, is the keep alive timeout of that one, in s.
relayed_connect()
{
	nvmet_connect 1 -l 600 \
		${wire_kato:+-k "$wire_kato"} "$@" ||
		give_up "nvme connect failed"
	nvmet_connect 2 -l 600 "$@" || give_up "nvme connect failed"
	must 20 "head" find_head "$NVMET_NQN"
	must 20 "two live paths" paths_live 2
}

# relayed_up [nvme connect option]...: a target, the relay and the two paths
relayed_up()
{
	nvmet_target_up 2 0
	relay_up 1
	at_exit "kill -USR2 $relay; nvme disconnect -n $NVMET_NQN"
	relayed_connect "$@"
}

# wire_cut, wire_mend: nothing gets through, in either direction
wire_cut()
{
	kill -USR1 "$relay"
}

wire_mend()
{
	kill -USR2 "$relay"
}

# wire_hang_up: the host loses the connections of a wire that is cut; what it had
# sent is kept for the target
wire_hang_up()
{
	local n

	n=$(grep -c kept "$tmp/relay1")
	kill -HUP "$relay"
	must 10 "connections closed" relay_has kept $((n + 1))
}

# relay_has <text> <n> [port]: it has printed n such lines
relay_has()
{
	[ "$(grep -c "$1" "$tmp/relay${3:-1}")" -ge "$2" ]
}

# wire_kept: bytes that the last wire_hang_up has kept
wire_kept()
{
	sed -n 's/^kept //p' "$tmp/relay1" | tail -n 1
}

# only_wire, both_wires: which paths are usable while the wire is whole
only_wire()
{
	ana inaccessible 2
	must 20 "one usable path" ana_seen inaccessible "$(ctrl_of_port 2)"
}

both_wires()
{
	ana optimized 2
	must 20 "two usable paths" ana_seen optimized "$(ctrl_of_port 2)"
}

# only_wire_up: what is sent from here on is on the wire, and stays there
only_wire_up()
{
	must 60 "two live paths" paths_live 2
	only_wire
	wire_cut
	trace_sent
}

# start_on_wire <pid>...: loads with --wait-for-usr2 send what they have, at once: the
# host may soon notice that the wire is cut
start_on_wire()
{
	kill -USR2 "$@"
}

# lose_wire <n>: the host loses the n commands on the wire; the other path is there
lose_wire()
{
	must 30 "$1 commands on the wire" sent "$1"
	no_trace_sent
	both_wires
	wire_hang_up
}

# wire_delivers: mends the wire, and the target receives what wire_hang_up has kept
wire_delivers()
{
	local n

	n=$(grep -c '^delivered' "$tmp/relay1")
	wire_mend
	must 20 "delivery" relay_has '^delivered' $((n + 1))
	must 60 "two live paths" paths_live 2
}
