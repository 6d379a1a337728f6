#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will run a verifying fio through the char device while nvme-tcp
# controllers are reset and ports pulled all the time.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

verified_write()
{
	fio --name=verify --filename="$ng" --ioengine=io_uring_cmd \
		--cmd_type=nvme --rw=randwrite --bs=4k --size=16M \
		--iodepth=32 --verify=crc32c --verify_fatal=1 \
		--do_verify=1 --group_reporting >"$tmp/fio" 2>&1 ||
		{ tail -n 20 "$tmp/fio" | sed 's/^/# /'; return 1; }
}

# break_things: loses the first 32 commands of fio, then goes on with resets and
# pulled ports until the file $tmp/stop is there
break_things()
{
	local c

	wait_for 60 sent 32
	no_trace_sent
	lose_all 32
	release
	while [ ! -e "$tmp/stop" ]; do
		for c in $(ctrls); do
			echo 1 >"/sys/class/nvme/$c/reset_controller"
			wait_for 20 paths_live 2
		done
		port_down 1
		wait_for 20 paths_live 1
		port_up 1
		wait_for 20 paths_live 2
	done
}

begin 3
need_tools nvme fio
nvmet_up 2 5 -l 600
trace_path_errors
trace_sent

hold
break_things >/dev/null 2>&1 &
breaker=$!
at_exit "kill $breaker"
check "fio wrote 16 MiB and verified them while paths were lost" verified_write
touch "$tmp/stop"
check "the faults went on until fio had ended" kill -0 $breaker
wait $breaker
check "at least 32 commands of fio in flight were lost" saw_path_errors 32
finish
