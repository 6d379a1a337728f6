#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have a command wait that no path can be given: its buffer has to
# be bounced, and is too large for that. It has to end as it would have done if
# it had not waited, rather than to be tried for ever.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

too_large=(-n 1 -q 1 -o read -b $((8 << 20)) --buffer-offset 1 --registered)

begin 3
need_tools nvme
nvmet_up 2 0

io_start "${too_large[@]}" "$ng"
io_wait
check "with a path: -ENOMEM" test "$(io_value errors)" = "-12:1"

ana inaccessible
must 10 "no usable path" ana_seen inaccessible
io_start "${too_large[@]}" "$ng"
check "without one it waits" wait_for 10 io_stuck 1
ana optimized
io_wait
check "and ends in the same way" test "$(io_value errors)" = "-12:1"
finish
