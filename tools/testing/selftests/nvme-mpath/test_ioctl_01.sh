#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands by each of the synchronous ioctls, and by
# nvme-cli, while paths are lost and come back.
# stock: fail
# timeout: 90
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

faults()
{
	local port=1

	while [ ! -e "$tmp/stop" ]; do
		port_down $port
		sleep 0.3
		port_up $port
		wait_for 20 paths_live 2 || return
		ana change
		sleep 0.2
		ana optimized
		sleep 0.2
		port=$((3 - port))
	done
}

cli_loop()
{
	local i

	for i in $(seq 12); do
		if ! nvme read "$1" -s "$i" -c 0 -z 512 -n 1 ||
		   ! nvme io-passthru "$1" -o 2 -n 1 -l 512 -r --cdw10="$i"; then
			return 1
		fi
	done >"$tmp/cli" 2>&1
}

begin 7
need_tools nvme
nvmet_up 2 10 -l 60
echo round-robin >"$subsys/iopolicy"
trace_path_errors
faults &
faults=$!
at_exit "kill $faults"

while read -r engine node; do
	io_start -t 4 -q 1 -e "$engine" -o rw "/dev/$node"
	check "$engine on $node: all commands succeed" io_wait
done <<-END
	io ${ng##*/}
	io64 $head
	vec ${ng##*/}
	submit $head
END
policy all
check "nvme-cli on ${ng##*/}: no command fails" cli_loop "$ng"
check "nvme-cli on $head: no command fails" cli_loop "/dev/$head"
touch "$tmp/stop"
wait $faults
check "commands in flight were lost" saw_path_errors 1
finish
