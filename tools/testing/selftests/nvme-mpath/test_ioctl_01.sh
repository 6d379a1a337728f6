#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands by each of the synchronous ioctls, and by
# nvme-cli, while paths are lost and come back.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# lose_one: loses the command that is held in flight, on either path
lose_one()
{
	must 20 "a command in flight" sent 1
	no_trace_sent
	lose_all 1
	release
}

# faults: of each kind, under the load of the caller
faults()
{
	local port

	for port in 1 2; do
		port_down $port
		must 20 "one path" paths_live 1
		port_up $port
		must 20 "two paths" paths_live 2
		no_usable_path change
		usable_paths
	done
}

# ioctls <engine> <device>
ioctls()
{
	trace_sent
	hold
	io_start -n 1 -q 1 --engine "$1" -o write "$2"
	lose_one
	io_wait || return
	io_start -t 600 -q 1 --engine "$1" -o rw --same-data "$2"
	faults
	io_stop
}

# cli <device> <n>: a read of nvme-cli, and a read as a raw command
cli()
{
	nvme read "$1" -s "$2" -c 0 -z 512 -n 1 &&
		nvme io-passthru "$1" -o 2 -n 1 -l 512 -r --cdw10="$2"
}

cli_loop()
{
	local i=0

	while [ ! -e "$tmp/stop" ]; do
		i=$(((i + 1) % 16))
		cli "$1" $i || return
	done
}

# cli_ended: nvme-cli has ended, without an error
cli_ended()
{
	wait "$cli" || {
		tail -n 3 "$tmp/cli" | sed 's/^/# /'
		return 1
	}
}

# nvme_cli <device>
nvme_cli()
{
	rm -f "$tmp/stop"
	trace_sent
	hold
	cli "$1" 0 >"$tmp/cli" 2>&1 &
	cli=$!
	lose_one
	cli_ended || return
	cli_loop "$1" >"$tmp/cli" 2>&1 &
	cli=$!
	faults
	touch "$tmp/stop"
	cli_ended
}

begin 6
need_tools nvme
nvmet_up 2 0 -l 600
at_exit "touch $tmp/stop"
round_robin
trace_path_errors

while read -r engine node; do
	check "ioctl $engine on $node: all commands succeed while paths are lost" \
		ioctls "$engine" "/dev/$node"
done <<-END
	io ${ng##*/}
	io64 $head
	vec ${ng##*/}
	submit $head
END
policy all || ktap_print_msg "no policies"
check "nvme-cli on ${ng##*/}: no command fails while paths are lost" \
	nvme_cli "$ng"
check "nvme-cli on $head: no command fails while paths are lost" \
	nvme_cli "/dev/$head"
finish
