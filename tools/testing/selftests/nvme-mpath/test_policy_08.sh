#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will lose appends, which must not be executed twice, and count on the
# target how often they arrive. policy_03 does that with injected errors.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

APPEND=0x7d

target_got()
{
	[ "$(target_counted)" -ge "$1" ]
}

# a kernel without the series counts nothing
counted()
{
	count "$1" 2>/dev/null || echo 0
}

reset_zone()
{
	nvme zns reset-zone -s 0 -n 1 "$ng" >"$tmp/reset" 2>&1 ||
		give_up "$(cat "$tmp/reset")"
}

# lose_appends <policy> <n> [option]...: n in flight are lost with the only usable
# path, once
lose_appends()
{
	local n=$2

	policy "$1" || ktap_print_msg "no policy $1"
	shift 2
	reset_zone
	echo >"$TRACING/trace"
	hold
	io_start -n "$n" -q "$n" -o count -b 1024 "$@" "$ng"
	must 20 "$n appends at the target" target_got "$n"
	reset_one "$ctrl"
	must 20 "$n lost appends" saw_path_errors "$n"
	release
	io_wait
}

begin 17
need_tools nvme
zoned=1
nvmet_up 2 0 -l 600
round_robin
trace_path_errors
target_counts $APPEND
ctrl=$(ctrl_of_port 1)
ana inaccessible 2
must 20 "one usable path" ana_seen inaccessible "$(ctrl_of_port 2)"

before=$(counted refused)
lose_appends idempotent 32
check "idempotent: all 32 lost appends end with the path error of a lost command" \
	is "0x371:32" "$(io_value errors)"
check "idempotent: the target saw each of 32 appends once" \
	is 32 "$(target_counted)"
check "idempotent: passthru_refused has grown by 32" \
	is $((before + 32)) "$(counted refused)"
check "idempotent: the kernel log names the refused opcode $APPEND" \
	log_has "failing passthrough command $APPEND"

lose_appends idempotent 1 -n 8 -q 8 --mode link
check "idempotent: what is linked to a lost append ends with -ECANCELED" \
	is "0x371:1,-125:7" "$(io_value errors)"
check "idempotent: of the 8 linked appends the target saw the first one" \
	is 1 "$(target_counted)"
lose_appends idempotent 8 --mode skip
check "idempotent: a lost append is answered, though its success need not be" \
	is "0x371:8" "$(io_value errors)"

before=$(counted failed_over)
lose_appends all 32
check "all: no append fails" test "$(io_value ok):$(io_value failed)" = 32:0
check "all: each append is at the place of its answer" test "$io_status" = 0
check "all: the target saw 32 appends and 32 retries" is 64 "$(target_counted)"
check "all: passthru_failed_over has grown by 32" \
	is $((before + 32)) "$(counted failed_over)"

lose_appends idempotent 1 --engine io64
check "idempotent, ioctl: a lost append ends with the path error" \
	is "0x371:1" "$(io_value errors)"
check "idempotent, ioctl: the target saw it once" is 1 "$(target_counted)"
lose_appends all 1 --engine io64
check "all, ioctl: a lost append is sent again, and seen twice" \
	test "$(io_value ok):$(target_counted)" = 1:2

# A command that the target refuses by an ANA state was not executed.
policy idempotent
usable_paths
reset_zone
echo >"$TRACING/trace"
ana_unannounced inaccessible 1
io_start -n 64 -o count -b 1024 "$ng"
check "idempotent: 64 appends succeed while a port refuses them by its ANA state" \
	io_wait
ktap_print_msg "$(path_errors) path errors"
check "idempotent: it refused some of them" test "$(path_errors)" -gt 0
check "idempotent: the target accepted each of 64 appends once" \
	is 64 "$(target_counted)"
finish
