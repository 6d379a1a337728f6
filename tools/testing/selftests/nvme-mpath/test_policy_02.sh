#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will compare what is answered under the policy "none" with what the
# unpatched kernel answers to the same faults: to this test it is all the same.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

io_fails()
{
	io_report && [ "$(io_value failed)" -ge 9 ]
}

begin 8
need_tools nvme
nvmet_up 2 5 -l 60
policy none || give_up "policy"
ctrl=$(ctrl_of_port 1)
path=$(path_of_ctrl "$ctrl")

for status in 0x371 0x370 0x300 0x302; do
	inject "$path" $status 5
	io_start -n 40 -q 8 "$ng"
	io_wait
	inject_none "$path"
	check "$status is handed on" is "$status:5" "$(io_value errors)"
done

echo round-robin >"$subsys/iopolicy"
hold
io_start -n 32 -q 32 "$ng"
must 20 "32 commands in flight" io_stuck 32
echo 1 >"/sys/class/nvme/$ctrl/reset_controller"
must 20 "two paths" paths_live 2
must 20 "the answers of one path" io_pending 16
release
io_wait
check "a reset: EINTR for what was in flight" is "-4:16" "$(io_value errors)"

ana change
must 10 "no usable path" ana_seen change
io_start -n 16 -q 8 "$ng"
io_wait
check "no usable path: EINVAL at once" is "-22:16" "$(io_value errors)"
io_start --engine io64 -n 4 -q 1 "$ng"
io_wait
check "and EAGAIN for an ioctl" is "-11:4" "$(io_value errors)"
ana optimized
must 10 "two usable paths" ana_seen optimized

io_start -t 600 -q 8 "$ng"
must 10 "load" io_busy
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
must 10 "commands that fail" io_fails
io_stop
check "no path left: EINVAL, and EINTR for what was in flight" \
	io_errors_only -22 -4
finish
