#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will compare what is answered under the policy "none" with what the
# unpatched kernel answers to the same faults: to this test it is all the same.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# what was in flight is cancelled; what comes just then may find no path
cancelled()
{
	io_errors_only -4 -22 && [[ $(io_value errors) =~ -4:([0-9]+) ]] &&
		[ "${BASH_REMATCH[1]}" -ge "$1" ]
}

io_fails()
{
	io_report && [ "$(io_value failed)" -ge 9 ]
}

begin 8
need_tools nvme
# a reset takes its time on a slow machine before it cancels anything
nvmet_up 2 $((100 * SLOW)) -l 60
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
io_start -t 60 -q 32 "$ng"
must 10 "load" io_busy
echo 1 >"/sys/class/nvme/$ctrl/reset_controller"
must 10 "two paths" paths_live 2
io_stop
check "a reset: EINTR for what was in flight" cancelled 1

ana change
must 10 "no usable path" ana_seen change
io_start -n 16 -q 8 -p 5 "$ng"
io_wait
check "no usable path: EINVAL at once" is "-22:16" "$(io_value errors)"
io_start -e io64 -n 4 -q 1 "$ng"
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
