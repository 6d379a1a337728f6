#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see that without a path error a head over TCP answers as on the
# unpatched kernel: data, a medium with bad blocks, commands that the target does
# not know. regress_01 injects errors on PCIe paths.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# bad_blocks <+|-> <first> <last>
bad_blocks()
{
	echo "$1$2-$3" >"$CONFIGFS/nullb/mpath0/badblocks"
}

begin 12
need_tools nvme
nvmet_up 2 0
trace_path_errors

check_kinds

# Each of 16 commands has a place of its own, of 8 blocks; 5 of these are bad. The
# target answers with an internal error, DNR and "more".
round_robin
first=$((48 << 11))
bad_blocks + $((first + 3 * 8)) $((first + 8 * 8 - 1))
for engine in ring io64; do
	io_start -n 16 -q 16 -o read --first-lba $first --engine $engine "$ng"
	io_wait
	check "$engine: the application sees the errors of all 5 bad blocks" \
		is "0x6006:5" "$(io_value errors)"
done
bad_blocks - $((first + 3 * 8)) $((first + 8 * 8 - 1))
io_start -n 16 -q 16 -o read --first-lba $first "$ng"
check "all 16 reads succeed when no block is bad any more" io_wait

io_start -n 16 --opcode 0x81 "$ng"
io_wait
check "the application sees that the target does not know 16 vendor commands" \
	is "0x6001:16" "$(io_value errors)"
check "no command ended with a path error" test "$(path_errors)" -eq 0
check "the kernel log mentions no requeued passthrough command" \
	eval '! log_has "requeuing passthrough"'
finish
