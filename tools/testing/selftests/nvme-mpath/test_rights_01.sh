#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands as an ordinary user with a file open for reading,
# and lose paths: a retry has the rights of the submission.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 9
need_tools nvme
nvmet_up 2 0 -l 600
round_robin
trace_path_errors
chmod 644 "$ng"
user=(--user 65534 --read-only)

held_load 16 "${user[@]}" -t 600 -o read "$ng"
port_down 1
must 20 "one path" paths_live 1
must 20 "8 commands lost" saw_path_errors 8
release
check "reads of nobody succeed while a path is lost" io_stop
check "at least 8 reads of nobody in flight were lost" saw_path_errors 8
port_up 1
must 20 "two paths" paths_live 2

policy all
target_answers 0x6001
io_start "${user[@]}" -n 8 --opcode 0x81 "$ng"
io_wait
check "vendor commands of nobody are refused with -EACCES" \
	is "-13:8" "$(io_value errors)"
io_start "${user[@]}" -n 8 -o write "$ng"
io_wait
check "writes of nobody on a read-only file are refused with -EACCES" \
	is "-13:8" "$(io_value errors)"

no_usable_path change
io_start "${user[@]}" -n 8 --opcode 0x81 "$ng"
must 10 "commands that wait" io_stuck 8
vendor=$io
io_start "${user[@]}" -n 8 -o write "$ng"
must 10 "commands that wait" io_stuck 8
ana optimized
io_wait
check "parked writes of nobody are refused with -EACCES" \
	is "-13:8" "$(io_value errors)"
io_use "$vendor"
io_wait
check "parked vendor commands of nobody are refused with -EACCES" \
	is "-13:8" "$(io_value errors)"
check "no vendor command of nobody reached the target" is 0 "$(target_answered)"

io_start -n 8 --opcode 0x81 "$ng"
io_wait
check "all 8 vendor commands of root reach the target" is 8 "$(target_answered)"
io_start "${user[@]}" --engine io64 -n 8 --opcode 0x81 "$ng"
io_wait
check "vendor commands of nobody by ioctl are refused with -EACCES" \
	is "-13:8" "$(io_value errors)"
finish
