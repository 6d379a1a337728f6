#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands by each of the synchronous ioctls, and by
# nvme-cli, while paths are lost and come back.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# faults: lose the command that is held; then lose and park others as it happens
faults()
{
	local port

	must 20 "a command in flight" sent 1
	no_trace_sent
	lose_all 1
	release
	for port in 1 2; do
		port_down $port
		must 20 "one path" paths_live 1
		port_up $port
		must 20 "two paths" paths_live 2
		ana change
		must 20 "no usable path" ana_seen change
		ana optimized
		must 20 "usable paths" ana_seen optimized
	done
}

cli_loop()
{
	local i

	while [ ! -e "$tmp/stop" ]; do
		i=$((++reads % 16))
		if ! nvme read "$1" -s "$i" -c 0 -z 512 -n 1 ||
		   ! nvme io-passthru "$1" -o 2 -n 1 -l 512 -r --cdw10="$i"; then
			return 1
		fi
	done >"$tmp/cli" 2>&1
}
reads=0

# cli_survives <device>: commands of nvme-cli, one after the other, through all that
cli_survives()
{
	trace_sent
	hold
	rm -f "$tmp/stop"
	cli_loop "$1" &
	cli=$!
	at_exit "touch $tmp/stop; kill $cli"
	faults
	touch "$tmp/stop"
	wait "$cli" || {
		tail -n 3 "$tmp/cli" | sed 's/^/# /'
		return 1
	}
}

begin 6
need_tools nvme
nvmet_up 2 0 -l 60
echo round-robin >"$subsys/iopolicy"
trace_path_errors

while read -r engine node; do
	trace_sent
	hold
	io_start -t 600 -q 1 -e "$engine" -o rw -s "/dev/$node"
	faults
	check "$engine on $node: all commands succeed" io_stop
done <<-END
	io ${ng##*/}
	io64 $head
	vec ${ng##*/}
	submit $head
END
policy all
check "nvme-cli on ${ng##*/}: no command fails" cli_survives "$ng"
check "nvme-cli on $head: no command fails" cli_survives "/dev/$head"
finish
