#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will refuse the Connect of the second I/O queue again and again while the
# first one is live, has lost its connection, and fails the reads that are sent on it.
# Base kernels complete a read twice then that is still being sent, and panic.
# Without multipath reads are sent while the controller reconnects.
# stock: fail panic
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

ROUNDS=8
# Connect: controller busy; the host tries again
BUSY=0x181
# How long each message takes, in ms. A read that could not be sent is completed after
# one: that is when the refusal has to come.
MESSAGE_MS=20
# The first ten reads of 5 s print two more, when they have been completed. The refusal
# comes after these.
SENDS=15

reader=''

# read_on_first_queue: sets $reader, which sends one read at a time, itself: it is on the
# CPU that the first queue belongs to
read_on_first_queue()
{
	(
		# what the socket of a base kernel sends to the reader
		trap '' PIPE
		exec taskset 1 dd if="/dev/$head" of=/dev/null bs=4096 \
			iflag=direct conv=noerror >"$tmp/dd" 2>&1
	) &
	reader=$!
	disown "$reader"
}

# logged <text>: how many messages since the test began
logged()
{
	log_since_begin | grep -c "$1"
}

logged_at_least()
{
	[ "$(logged "$1")" -ge "$2" ]
}

# refuse_second_queue <n>: for the n-th time; the last time no more will be held
refuse_second_queue()
{
	local sends hold=2

	must 30 "a Connect of the second queue" relay_has '^held$' "$1"
	# its last read waited for the first queue, and may be lost with the connection
	[ -z "$reader" ] || kill -9 "$reader"
	read_on_first_queue
	sends=$(logged "failed to send request")
	must 20 "$SENDS reads that fail on the first queue" \
		logged_at_least "failed to send request" $((sends + SENDS))
	[ "$1" -lt $ROUNDS ] || hold=0
	relay_does 1 "connect $hold $BUSY"
}

begin 3
need_tools nvme taskset rmmod modprobe
at_exit "reload_host Y"
reload_host N || skip_all "$(tr '\n' ' ' <"$tmp/reload")"
nvmet_target_up 1 0
relay_up 1
# a Connect that is held would keep the disconnect waiting
at_exit "echo connect 0 $BUSY >&${relay_inputs[1]}; nvme disconnect -n $NVMET_NQN"
at_exit "kill -9 \$reader"
nvmet_connect 1 -l 600 || give_up "nvme connect failed"
must 10 "a disk" find_disk
must 20 "a live controller" paths_live 1
[ "$(cat "/sys/class/nvme/$(ctrl_of_port 1)/queue_count")" -ge 3 ] ||
	skip_all "one I/O queue only, for one CPU"
printk_delay=/proc/sys/kernel/printk_delay
[ -w $printk_delay ] || skip_all "no $printk_delay"
# the first completion of a read frees its request
set_file /sys/module/nvme_core/parameters/max_retries 0

relay_does 1 "connect 2 0"
port_down 1
must 20 "a controller that reconnects" paths_connecting
set_file $printk_delay $MESSAGE_MS
port_up 1
for round in $(seq $ROUNDS); do
	refuse_second_queue "$round"
done

check "the controller is live when the second queue is not refused any more" \
	wait_for 30 paths_live 1
check "the host has failed to connect the second queue $ROUNDS times" \
	is $ROUNDS "$(logged "failed to connect queue: 2 ")"
io_start -n 100 -q 16 -o rw "$ng"
check "a load succeeds on the disk after the refusals" io_wait
finish
