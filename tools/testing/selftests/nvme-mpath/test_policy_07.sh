#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will compare the errors under policy "none" with those of the unpatched
# kernel for faults that a target can make: both pass this test.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

io_fails()
{
	io_report && [ "$(io_value failed)" -ge 9 ]
}

# The states, and the status of each; nvmet adds "more".
statuses=(persistent-loss:0x2301 inaccessible:0x2302 change:0x2303)

begin 7
need_tools nvme
nvmet_up 2 5 -l 600
policy none || give_up "policy"
ctrl=$(ctrl_of_port 1)

# Half of the commands go down either path, as nobody learns from the errors.
round_robin
for s in "${statuses[@]}"; do
	ana_unannounced "${s%:*}" 1
	io_start -n 40 -q 8 "$ng"
	io_wait
	check "policy none: the application sees all 20 path errors ${s#*:}" \
		is "${s#*:}:20" "$(io_value errors)"
	ana_announced optimized 1
	must 20 "usable paths" ana_seen optimized
done

held_load 32 -n 32 "$ng"
reset_one "$ctrl"
must 20 "the answers of one path" io_pending 16
release
io_wait
check "policy none: a reset of one path ends its 16 commands in flight with -EINTR" \
	is "-4:16" "$(io_value errors)"

no_usable_path change
io_start -n 16 -q 8 "$ng"
io_wait
check "policy none: without a usable path commands end with -EINVAL" \
	is "-22:16" "$(io_value errors)"
io_start --engine io64 -n 4 -q 1 "$ng"
io_wait
check "policy none: without a usable path an ioctl ends with -EAGAIN" \
	is "-11:4" "$(io_value errors)"
usable_paths

io_start -t 600 -q 8 "$ng"
must 10 "load" io_busy
disconnect
must 10 "commands that fail" io_fails
io_stop
check "policy none: when all paths go, commands end with -EINVAL or -EINTR" \
	io_errors_only -22 -4
finish
