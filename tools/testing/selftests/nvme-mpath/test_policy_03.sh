#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will lose hundreds of commands that must not be executed twice, and
# count on the target how often they arrive.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# a vendor command: the target refuses it with DNR, and counts it
VENDOR=0x81
REFUSED=0x6001

# lose_vendor <policy> <commands> <lost> [option]...
lose_vendor()
{
	local commands=$2 lost=$3 c

	policy "$1" || give_up "policy $1"
	shift 3
	target_answers $REFUSED
	inject_paths 0x371 $((lost / 2))
	io_start --opcode $VENDOR -n "$commands" "$@" "$ng"
	io_wait
	inject_no_paths
}

begin 11
need_tools nvme
can_inject
nvmet_up 2 0
round_robin

before=$(count refused)
lose_vendor idempotent 1000 600
check "idempotent: 600 lost vendor commands end with the path error 0x371" \
	test "$(io_value errors | tr ',' '\n' | sort | tr '\n' ' ')" = \
	"0x371:600 0x6001:400 "
check "idempotent: the target saw each of 1000 vendor commands once" \
	is 1000 "$(target_answered)"
check "idempotent: passthru_refused has grown by 600" \
	is $((before + 600)) "$(count refused)"
check "idempotent: the kernel log names the refused opcode 0x81" \
	log_has "failing passthrough command 0x81"

before=$(count failed_over)
lose_vendor all 1000 600
check "all: all 1000 vendor commands end with the answer of the target" \
	is "0x6001:1000" "$(io_value errors)"
check "all: the target saw 1000 vendor commands and 600 retries" \
	is 1600 "$(target_answered)"
check "all: passthru_failed_over has grown by 600" \
	is $((before + 600)) "$(count failed_over)"

lose_vendor idempotent 200 100 --engine io64
check "idempotent, ioctl: 100 lost vendor commands end with the path error 0x371" \
	test "$(io_value errors | tr ',' '\n' | sort | tr '\n' ' ')" = \
	"0x371:100 0x6001:100 "
check "idempotent, ioctl: the target saw each of 200 vendor commands once" \
	is 200 "$(target_answered)"
lose_vendor all 200 100 --engine io64
check "all, ioctl: all 200 vendor commands end with the answer of the target" \
	is "0x6001:200" "$(io_value errors)"
check "all, ioctl: the target saw 200 vendor commands and 100 retries" \
	is 300 "$(target_answered)"
finish
