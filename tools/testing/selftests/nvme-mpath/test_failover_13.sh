#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have a controller answer that it has aborted commands because their
# queue is deleted, as PCIe controllers do when they are reset: that is a path error.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 6
need_tools nvme
can_inject
nvmet_up 2 0 -l 600
path=$(path_of_ctrl "$(ctrl_of_port 1)")
round_robin

inject "$path" 0x8 20
io_start -n 400 -o rw --same-data "$ng"
check "all 400 reads and writes succeed" io_wait
check "20 were aborted" injected_all "$path"
check "20 have failed over" count_is failed_over 20

inject "$path" 0x8 1
io_start -n 16 -q 8 --opcode 0x90 --flags none "$ng"
io_wait
check "idempotent: a vendor command ends with that status" \
	grep -q "0x8:1" <<<"$(io_value errors)"

inject "$path" 0x4008 1
io_start -n 40 -q 8 -o read "$ng"
io_wait
check "a read that must not be retried (DNR) ends with that status" \
	is "0x4008:1" "$(io_value errors)"

policy none
inject "$path" 0x8 1
io_start -n 40 -q 8 -o read "$ng"
io_wait
check "policy none: a read ends with that status" is "0x8:1" "$(io_value errors)"
finish
