#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will lose hundreds of commands that must not be executed twice, and
# ask the target how often each of them came.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# A vendor command, which the target refuses for good, and counts
VENDOR=0x81
REFUSED=0x6001

# lose_vendor <policy> <commands> <lost> [option]...
lose_vendor()
{
	local commands=$2 lost=$3 c

	policy "$1" || give_up "policy $1"
	shift 3
	target_answers $REFUSED
	for c in $(ctrls); do
		inject "$(path_of_ctrl "$c")" 0x371 $((lost / 2))
	done
	io_start --opcode $VENDOR -n "$commands" "$@" "$ng"
	io_wait
	for c in $(ctrls); do
		inject_none "$(path_of_ctrl "$c")"
	done
}

begin 11
need_tools nvme
nvmet_up 2 0
echo round-robin >"$subsys/iopolicy"

before=$(count refused)
lose_vendor idempotent 1000 600
check "idempotent: what was lost is reported with its status" \
	test "$(io_value errors | tr ',' '\n' | sort | tr '\n' ' ')" = \
	"0x371:600 0x6001:400 "
check "no command came twice, none was left out" is 1000 "$(target_answered)"
check "all of them are counted as refused" \
	is $((before + 600)) "$(count refused)"
check "the kernel says so" log_has "failing passthrough command 0x81"

before=$(count failed_over)
lose_vendor all 1000 600
check "all: the device's own answer to every command" \
	is "0x6001:1000" "$(io_value errors)"
check "what was lost came again" is 1600 "$(target_answered)"
check "all of them are counted as failed over" \
	is $((before + 600)) "$(count failed_over)"

lose_vendor idempotent 200 100 --engine io64
check "idempotent, by ioctl: the same" \
	test "$(io_value errors | tr ',' '\n' | sort | tr '\n' ' ')" = \
	"0x371:100 0x6001:100 "
check "no command came twice" is 200 "$(target_answered)"
lose_vendor all 200 100 --engine io64
check "all, by ioctl: the device's own answer" \
	is "0x6001:200" "$(io_value errors)"
check "what was lost came again" is 300 "$(target_answered)"
finish
