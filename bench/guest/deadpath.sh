#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: more commands than a path has tags, then its wire is cut and its
# controller reset; the other path is there. How long until all are answered, by a
# load at a time, each several times: "# dead", load, ms, errors that it was given.
# The wire is mended when they are, but after a time in any case: "# outage", in s.
# timeout: 900
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/../../tools/testing/selftests/nvme-mpath
# shellcheck source=lib.sh
. ./lib.sh

rounds=3
outage=60
commands=64

# sum <field>: of the line of the load, by its number
sum()
{
	awk -F, -v f="$1" '$1 == "# sum" { print $f }' "$tmp/load"
}

# waits_for_tag <pid>: a thread of the load does, in a sleep that no signal ends
waits_for_tag()
{
	cat "/proc/$1/task/"*/status 2>/dev/null | grep -q '^State:[[:space:]]*D'
}

# dead_path <name> <node> [option]...
dead_path()
{
	local name=$1 node=$2 load reset start mender

	shift 2
	only_wire
	hold
	./bench/nvme_load --name "$name" -q $commands -n $commands -t 300 "$@" "$node" \
		>"$tmp/load" 2>&1 &
	load=$!
	at_exit "kill -9 $load"
	must 20 "load $name" grep -q ready "$tmp/load"
	must 20 "load $name waits for a tag" waits_for_tag $load
	both_wires
	wire_cut
	release
	# in ms of the clock of the load
	read -r start _ </proc/uptime
	start=${start/./}0
	echo 1 >"/sys/class/nvme/$(ctrls_at $RELAY_PORT)/reset_controller" 2>"$tmp/reset" &
	reset=$!
	(sleep $outage && wire_mend) &
	mender=$!
	must 200 "answers to load $name" ended $load
	kill $mender 2>/dev/null
	wait $load
	# 1: errors were not sent again
	[ $? -le 1 ] || give_up "$name: $(tail -n 3 "$tmp/load")"
	wire_mend
	wait $reset
	echo "# dead,$name,$(($(sum 8) - start)),$(sum 4)"
	must 90 "two live paths" paths_live 2
}

begin 0
relayed_up -Q 16
echo "# outage,$outage"
for _ in $(seq $rounds); do
	if [ -e "/sys/block/$head/passthru_failover" ]; then
		dead_path passthrough "$ng"
		dead_path block "/dev/$head"
	else
		dead_path retry-at-once "$ng" --retry at-once
	fi
done
run_exit_commands
:
