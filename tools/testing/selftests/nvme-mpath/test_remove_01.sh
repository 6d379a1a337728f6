#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will remove a head on whose list commands wait, see that they end
# with -EIO, and that the open file is harmless from then on.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 6
need_tools nvme
nvmet_up 2 5

ana inaccessible
io_start -n 64 -q 64 -o rw "$ng"
must 10 "commands that wait" io_stuck 64
exec 8<>"$ng"
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
io_wait
check "each command was answered once" test $io_status -eq 1
check "all with -EIO" test "$(io_value errors)" = "-5:64"
check "the node is gone" wait_for 5 test ! -e "$ng"
check "the open file still pins the head" test -e "$subsys"
nvme id-ns /proc/self/fd/8 >"$tmp/id-ns" 2>&1
check "an ioctl on it fails" test $? -ne 0
exec 8>&-
check "when it is closed the head is gone" wait_for 10 subsys_gone
finish
