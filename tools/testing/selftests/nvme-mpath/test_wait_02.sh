#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let passthru_wait_secs expire for commands that are sent again and
# again because every path fails them, by themselves and by ioctl.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 5
need_tools nvme
can_inject
nvmet_up 2 0
must 1 "passthru_wait_secs" wait_secs 1
inject_paths 0x371 1000000
start=$(ms)
io_start -n 16 -q 16 -o read "$ng"
io_wait
check "16 reads that every path fails end with -ETIME" \
	is "-62:16" "$(io_value errors)"
check "they were sent for a second at least" past $((start + 1000))
ktap_print_msg "failovers: $(count failed_over)"
check "they were sent more than once" test "$(count failed_over)" -gt 32
io_start -n 1 -q 1 --engine io64 -o read "$ng"
io_wait
check "an ioctl ends with -ETIME as well" is "-62:1" "$(io_value errors)"
inject_no_paths
check_works
finish
