#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will park a command that fails on every path: its buffer needs a
# bounce buffer, and is too large for one. It must end with the same error as
# without the wait, and not be tried for ever.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

too_large=(-n 1 -q 1 -o read -b $((8 << 20)) --buffer-offset 1 --registered)

begin 3
need_tools nvme
nvmet_up 2 0

io_start "${too_large[@]}" "$ng"
io_wait
check "a command that is too large to bounce ends with -ENOMEM on a usable path" \
	test "$(io_value errors)" = "-12:1"

no_usable_path inaccessible
io_start "${too_large[@]}" "$ng"
check "without a usable path the same command is parked" wait_for 10 io_stuck 1
ana optimized
io_wait
check "when a path is usable the parked command ends with -ENOMEM" \
	test "$(io_value errors)" = "-12:1"
finish
