#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will change the policy while commands wait or go round: they are
# judged again by the new one.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

count_is_over()
{
	[ "$(count "$1")" -gt "$2" ]
}

begin 8
need_tools nvme
nvmet_up 2 5

ana change
must 10 "no usable path" ana_seen change
io_start -n 16 -o rw "$ng"
check "idempotent: commands wait" wait_for 10 io_stuck 16
check "they are counted" count_is parked 16
policy none
io_wait
check "none: they end with -EIO" is "-5:16" "$(io_value errors)"
check "nothing is left" count_is parked 0

policy none
io_start -n 16 --flags failover -o rw "$ng"
check "none, but the commands say failover: they wait" wait_for 10 io_stuck 16
ana optimized
check "and succeed" io_wait

# The answer to each is lost, over and over
policy all
for c in $(ctrls); do
	inject "$(path_of_ctrl "$c")" 0x371 1000000
done
io_start --opcode 0x81 -n 16 "$ng"
check "all: vendor commands go round" wait_for 10 count_is_over failed_over 100
policy idempotent
io_wait
check "idempotent: they end, as one attempt may have had effect" \
	is "0x371:16" "$(io_value errors)"
finish
