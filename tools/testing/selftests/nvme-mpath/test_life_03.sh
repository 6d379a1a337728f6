#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will load the driver with multipath=N, and see that passthrough on
# the nodes of paths behaves as on the unpatched kernel.
# stock: pass
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

connecting()
{
	[ "$(ctrl_state "$ctrl")" = connecting ]
}

# by the parameter, or because the kernel was built without it
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
# a kernel refuses flags that it does not know
flags_errors=''
[ -d "$TRACING/events/nvme/nvme_passthru_park" ] || flags_errors=-22:8
at_exit "reload_host Y"
reload_host N || skip_all "$(tr '\n' ' ' <"$tmp/reload")"
nvmet_target_up 2 0
at_exit "nvme disconnect -n $NVMET_NQN"
connect_all || give_up "nvme connect failed"
must 10 "a subsystem" find_subsys "$NVMET_NQN"
must 10 "two live controllers" paths_live 2
check "the driver runs without multipath" multipath_is_off
must 10 "a node" find_node 2
second=$ng
must 10 "a node" find_node 1
check "each of two paths has a node of its own" test "$second" != "$ng"
check "no disk has attributes of the failover" no_attributes

for node in "$ng" "$second"; do
	io_start -n 400 -q 16 -o rw "$node"
	check "a passthrough load on ${node#/dev/} succeeds" io_wait
done
for node in "$ng" "$second"; do
	io_start -n 100 -q 1 --engine io64 -o rw "$node"
	check "ioctls on ${node#/dev/} succeed" io_wait
done
for flag in failfast failover; do
	io_start -n 8 -q 8 --flags $flag -o read "$ng"
	io_wait
	check "flag $flag: accepted, or refused by a kernel that does not know it" \
		is "$flags_errors" "$(io_value errors)"
done

trace_path_errors
trace_sent
hold
io_start -n 16 -q 16 -o write --patience 60 "$ng"
ring=$io
io_start -n 1 -q 1 --engine io64 -o write --first-lba 4096 --patience 60 "$ng"
must 10 "all of them in flight" sent 17
reset_one "$ctrl"
release
io_wait
check "a reset ends an ioctl in flight with -EINTR" is -4:1 "$(io_value errors)"
io_use "$ring"
io_wait
check "a reset ends 16 commands in flight with -EINTR" \
	is -4:16 "$(io_value errors)"
check "the reset caused a path error for each of the 17 commands" \
	saw_path_errors 17
io_start -n 400 -q 16 -o rw "$ng"
check "a load succeeds after the reset" io_wait

port_down 1
must 10 "a controller that is not live" connecting
io_start -n 8 -q 8 -o read "$ng"
io_wait
check "without a connection commands end at once with status 0x370" \
	is 0x370:8 "$(io_value errors)"
port_up 1
must 20 "two live controllers" paths_live 2
io_start -n 400 -q 16 -o rw "$ng"
check "a load succeeds after the reconnect" io_wait
finish
