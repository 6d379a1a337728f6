#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will load the driver with multipath=N, and see that passthrough on
# the nodes of paths is what it was before there was any failover.
# stock: pass
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# find_subsys: sets $subsys; there is no head
find_subsys()
{
	local s

	for s in /sys/class/nvme-subsystem/*; do
		[ "$(cat "$s/subsysnqn" 2>/dev/null)" != "$NVMET_NQN" ] ||
			subsys=$s
	done
	[ -n "${subsys:-}" ]
}

# find_node <port>: sets $ctrl and $ng, the node of its path
find_node()
{
	local n

	ctrl=$(ctrl_of_port "$1")
	for n in /sys/class/nvme/"$ctrl"/nvme*n*; do
		ng=/dev/ng${n##*/nvme}
		[ ! -c "$ng" ] || return 0
	done
	return 1
}

connecting()
{
	[ "$(ctrl_state "$ctrl")" = connecting ]
}

in_flight()
{
	[ "$(grep -c nvme_setup_cmd: "$TRACING/trace")" -ge "$1" ]
}

# by the parameter, or as the kernel has none of it
multipath_is_off()
{
	local f=/sys/module/nvme_core/parameters/multipath

	[ ! -e $f ] || is N "$(cat $f)"
}

no_attributes()
{
	is "" "$(cd /sys/block && compgen -G '*/passthru_[!e]*')"
}

begin 15
need_tools nvme rmmod modprobe
# what a kernel does not know is refused
flags_errors=''
[ -d "$TRACING/events/nvme/nvme_passthru_park" ] || flags_errors=-22:8
at_exit "reload_host Y"
reload_host N || skip_all "$(tr '\n' ' ' <"$tmp/reload")"
nvmet_target_up 2 0
at_exit "nvme disconnect -n $NVMET_NQN"
connect_all || give_up "nvme connect failed"
must 10 "a subsystem" find_subsys
must 10 "two live controllers" paths_live 2
check "multipath is off" multipath_is_off
must 10 "a node" find_node 2
second=$ng
must 10 "a node" find_node 1
check "each path has a node" test "$second" != "$ng"
check "no disk has attributes for a failover" no_attributes

for node in "$ng" "$second"; do
	io_start -n 400 -q 16 -o rw "$node"
	check "a load on a path's node succeeds" io_wait
done
for node in "$ng" "$second"; do
	io_start -n 100 -q 1 --engine io64 -o rw "$node"
	check "ioctls on a path's node succeed" io_wait
done
for flag in failfast failover; do
	io_start -n 8 -q 8 --flags $flag -o read "$ng"
	io_wait
	check "$flag: what a kernel with it accepts, and one without refuses" \
		is "$flags_errors" "$(io_value errors)"
done

trace_path_errors
trace_event nvme/nvme_setup_cmd 'qid > 0'
hold
io_start -n 16 -q 16 -o write --patience 60 "$ng"
ring=$io ring_log=$io_log
io_start -n 1 -q 1 --engine io64 -o write --first-lba 4096 --patience 60 "$ng"
must 10 "all of them in flight" in_flight 17
echo 1 >"/sys/class/nvme/$ctrl/reset_controller"
must 20 "two live controllers" paths_live 2
release
io_wait
check "a reset: the ioctl ends with EINTR" is -4:1 "$(io_value errors)"
io=$ring io_log=$ring_log
io_wait
check "a reset: commands end with EINTR" is -4:16 "$(io_value errors)"
check "they were lost, all of them" saw_path_errors 17
io_start -n 400 -q 16 -o rw "$ng"
check "after the reset a load succeeds" io_wait

port_down 1
must 10 "a controller that is not live" connecting
io_start -n 8 -q 8 -o read "$ng"
io_wait
check "no connection: commands end at once with a path error" \
	is 0x370:8 "$(io_value errors)"
port_up 1
must 20 "two live controllers" paths_live 2
io_start -n 400 -q 16 -o rw "$ng"
check "after a new connection a load succeeds" io_wait
finish
