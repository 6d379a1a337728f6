#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let the timeout_ms of one command expire on a controller that is being
# deleted. Its queue is stopped for that: the other commands of the queue must not wait
# until the timeout of the driver, but are sent on the other path, and the controller
# goes.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# on an idle machine; the controller has to be deleting by then
EXPIRES_MS=3000

deleting()
{
	[[ $(ctrl_state "$c") = deleting* ]]
}

begin 5
need_tools nvme
# one I/O queue: all commands of the path are on it
nvmet_up 2 0 -l 600 -i 1
ana inaccessible 2
must 20 "one usable path" ana_seen inaccessible "$(ctrl_of_port 2)"
c=$(ctrl_of_port 1)

held_load 16 -n 16 -o write --same-data "$ng"
others=$io
io_start -n 1 -q 1 --first-lba 8192 --patience 60 -o read \
	--timeout $((EXPIRES_MS * SLOW)) "$ng"
must 10 "a command in flight" io_pending 1
expires=$io
echo 1 >"/sys/class/nvme/$c/delete_controller" &
deletion=$!
must 5 "a controller that is deleted" deleting
check "a command times out while its controller is deleted" \
	wait_for 10 log_has "$c: I/O .*timeout"
ana optimized 2
release
check "the other 16 commands of its queue end soon" wait_for 10 ended "$others"
io_use "$others"
kill -TERM "$others" 2>/dev/null
check "they succeed on the other path" io_wait
check "the controller goes" wait_for 10 ended $deletion
io_use "$expires"
io_wait
check "the command that timed out ends with the status of the driver" \
	is 0x371:1 "$(io_value errors)"
finish
