#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will put all paths into ANA change under load, and one path after the
# other into ANA states in which it is not usable.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 6
need_tools nvme
nvmet_up 2 5

io_start -t 600 -o rw "$ng"
must 10 "load" io_busy
ana change
check "all paths in ANA change: all 16 commands are parked" \
	wait_for 10 io_stuck 16
check "the kernel log says that passthrough commands are requeued" \
	log_has "requeuing passthrough command"
ana optimized
check "all paths optimized: commands make progress" wait_for 10 io_moves
ana inaccessible 1
ana non-optimized 2
check "one path inaccessible, one non-optimized: commands make progress" \
	wait_for 10 io_moves
ana persistent-loss 2
ana optimized 1
check "one path optimized, one persistent-loss: commands make progress" \
	wait_for 10 io_moves
check "all commands succeed in spite of the ANA changes" io_stop
finish
