#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see that a path's own node reports path errors to the application,
# and that on a head a path error with DNR ends a command at once.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 4
trace_path_errors

pci_single
inject "$head" 0x371 5
io_start -n 100 -o read "$ng"
io_wait
check "a path's own node: the application sees all 5 path errors" \
	test "$(io_value errors)" = "0x371:5"
io_start -n 100 -o rw "$ng"
check "a path's own node: commands succeed after the path errors" io_wait

pci_head
path=$(path_of_ctrl "$(pci_ctrl 0)")
round_robin
inject "$path" 0x4371 5
io_start -n 100 -o read "$ng"
io_wait
check "a head: the application sees all 5 path errors with DNR" \
	test "$(io_value errors)" = "0x4371:5"
io_start -n 100 -o rw "$ng"
check "a head: commands succeed after the path errors with DNR" io_wait
finish
