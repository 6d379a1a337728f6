#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see that a path's own node reports path errors to whoever sent
# the command, and that a path error with DNR ends a command at once on a head.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 4
trace_path_errors

pci_single
inject "$head" 0x371 5
io_start -n 100 -o read "$ng"
io_wait
check "the path's own node: five errors" \
	test "$(io_value errors)" = "0x371:5"
io_start -n 100 -o rw "$ng"
check "then none" io_wait

pci_head
path=$(path_of_ctrl "$(pci_ctrl 0)")
echo round-robin >"$subsys/iopolicy"
inject "$path" 0x371 5
echo 1 >"/sys/kernel/debug/$path/fault_inject/dont_retry"
io_start -n 100 -o read "$ng"
io_wait
check "a head, DNR set: five errors" \
	test "$(io_value errors)" = "0x4371:5"
io_start -n 100 -o rw "$ng"
check "then none" io_wait
finish
