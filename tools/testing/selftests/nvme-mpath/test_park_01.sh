#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will put all paths into ANA change under load, and one path after
# the other into states in which it must not be used.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 6
need_tools nvme
nvmet_up 2 5

io_start -t 600 -o rw "$ng"
must 10 "load" io_busy
ana change
check "all paths in ANA change: all commands wait" wait_for 10 io_stuck 16
check "the kernel says so" log_has "requeuing passthrough command"
ana optimized
check "the paths are back: commands go on" wait_for 10 io_pending_moves
ana inaccessible 1
ana non-optimized 2
check "one path inaccessible: commands go on" wait_for 10 io_pending_moves
ana persistent-loss 2
ana optimized 1
check "the other one lost: commands go on" wait_for 10 io_pending_moves
check "all commands succeed" io_stop
finish
