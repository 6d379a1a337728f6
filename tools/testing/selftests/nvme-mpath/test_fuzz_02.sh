#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send random commands of root to a head, all opcodes and flags, while
# paths come and go, and while timeouts of commands reset them: each is answered
# once, in its own memory.
# stock: fail
# timeout: 240
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 14
need_tools nvme
nvmet_up 2 0 -l 600
round_robin
trace_path_errors

fuzz_start --ioctls 2 "$ng"
fuzz_goes_on 300
check_fuzz "root, no fault"
for p in idempotent all; do
	policy $p
	fuzz_start --ioctls 2 "$ng"
	fuzz_flap 1 parked held lost refused port
	check_fuzz "root, policy $p, paths come and go"
done
check "commands were parked, held and failed over" test \
	"$(count parked_total)" -gt 0 -a "$(count held_total)" -gt 0 -a \
	"$(count failed_over)" -gt 0

policy idempotent
fuzz_start --timeouts --ioctls 1 "$ng"
fuzz_flap 1 held lost
check_fuzz "root, timeouts"
check_nothing_left
finish
