#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let passthru_wait_secs end commands that others are linked to,
# commands that io-wq has sent, and those of 32-bit programs.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# expires <errors> <n> <depth> <mode>: without a usable path
expires()
{
	io_start -n "$2" -q "$3" -o write --mode "$4" "$ng"
	wait_for 20 ended "$io" || kill -9 "$io"
	io_wait
	check "$4: $2 commands, $3 at a time, end with $1" \
		is "$1" "$(io_value errors)"
	check "$4: each was answered once" is 0 "$(io_value stray)"
}

# expires_32 <n> <way>: of a 32-bit program
expires_32()
{
	[ -x ./nvme_mpath_32 ] || {
		ktap_test_skip "no 32-bit program (gcc -m32, tools/include/nolibc)"
		return
	}
	echo | timeout $((20 * SLOW)) ./nvme_mpath_32 "$ng" "$2" "$1" 0 >"$tmp/32" 2>&1
	check "compat $2: all $1 commands end with -ETIME" \
		is "write ok=0 failed=$1 wrong=0 error=-62" "$(tail -n 1 "$tmp/32")"
}

begin 12
need_tools nvme
nvmet_up 2 0 -l 600
must 1 "passthru_wait_secs" wait_secs 2
no_usable_path inaccessible

# the first of a chain waits, the others wait for that
expires "-62:1,-125:7" 8 8 link
# behind an fsync io-wq sends it, for the first time or again
expires "-62:8" 8 8 fsync
expires "-62:2" 2 1 drain,fsync
expired=11
[ ! -x ./nvme_mpath_32 ] || expired=$((expired + 34))
for way in "16 ring" "16 vec" "2 io64"; do
	# shellcheck disable=SC2086 # a number and a word
	expires_32 $way
done
check "passthru_expired counts each that has waited" count_is expired $expired
check "none waits any more" count_is parked 0
usable_paths
check_works
finish
