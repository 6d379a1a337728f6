# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# A wire that can be cut: nvme_mpath_relay in front of nvmet's first port.

RELAY_PORT=4410

relay_up()
{
	./nvme_mpath_relay $RELAY_PORT 4420 >"$tmp/relay" 2>&1 &
	relay=$!
	at_exit "kill -9 $relay"
	must 5 "relay" grep -q ready "$tmp/relay"
}

# relayed_connect [nvme connect option]...: two paths, the first by the relay.
# $wire_kato, if set, is the keep alive timeout of that one, in s.
relayed_connect()
{
	nvmet_connect 1 -l 600 -s $RELAY_PORT \
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
	relay_up
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

	n=$(grep -c kept "$tmp/relay")
	kill -HUP "$relay"
	must 10 "connections closed" relay_has kept $((n + 1))
}

relay_has()
{
	[ "$(grep -c "$1" "$tmp/relay")" -ge "$2" ]
}

# wire_kept: bytes that the last wire_hang_up has kept
wire_kept()
{
	sed -n 's/^kept //p' "$tmp/relay" | tail -n 1
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
