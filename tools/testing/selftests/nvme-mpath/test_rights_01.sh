#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands as an ordinary user with a file open for reading,
# through path losses: a retry is allowed what the submission was allowed.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 9
need_tools nvme
nvmet_up 2 0 -l 60
echo round-robin >"$subsys/iopolicy"
trace_path_errors
chmod 644 "$ng"
user=(--user 65534 --read-only)

hold
io_start "${user[@]}" -t 600 -o read "$ng"
must 20 "16 commands in flight" io_stuck 16
port_down 1
must 20 "one path" paths_live 1
must 20 "8 commands lost" saw_path_errors 8
release
check "reads survive the loss of a path" io_stop
check "commands in flight were lost" saw_path_errors 8
port_up 1
must 20 "two paths" paths_live 2

policy all
target_answers 0x6001
io_start "${user[@]}" -n 8 --opcode 0x81 "$ng"
io_wait
check "vendor commands are refused" is "-13:8" "$(io_value errors)"
io_start "${user[@]}" -n 8 -o write "$ng"
io_wait
check "writes are refused" is "-13:8" "$(io_value errors)"

ana change
must 10 "no usable path" ana_seen change
io_start "${user[@]}" -n 8 --opcode 0x81 "$ng"
must 10 "commands that wait" io_stuck 8
vendor=$io vendor_log=$io_log
io_start "${user[@]}" -n 8 -o write "$ng"
must 10 "commands that wait" io_stuck 8
ana optimized
io_wait
check "writes that waited are refused" is "-13:8" "$(io_value errors)"
io=$vendor io_log=$vendor_log
io_wait
check "vendor commands that waited are refused" is "-13:8" "$(io_value errors)"
check "none of them reached the target" is 0 "$(target_answered)"

io_start -n 8 --opcode 0x81 "$ng"
io_wait
check "root's do" is 8 "$(target_answered)"
io_start "${user[@]}" --engine io64 -n 8 --opcode 0x81 "$ng"
io_wait
check "and by ioctl it is the same" is "-13:8" "$(io_value errors)"
finish
