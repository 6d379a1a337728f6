#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will remove a head with parked commands, and see that they end with
# -EIO and that the open char device does no harm.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 6
need_tools nvme
nvmet_up 2 5

ana inaccessible
parked_load 64 -o rw "$ng"
exec 8<>"$ng"
disconnect
io_wait
check "each of 64 parked commands was answered once" test $io_status -eq 1
check "all 64 parked commands ended with -EIO" test "$(io_value errors)" = "-5:64"
check "the char node of the head is gone" wait_for 5 test ! -e "$ng"
check "the open char device pins the subsystem" test -e "$subsys"
nvme id-ns /proc/self/fd/8 >"$tmp/id-ns" 2>&1
check "an ioctl on the open char device fails" test $? -ne 0
exec 8>&-
check "the subsystem goes when the char device is closed" wait_for 10 subsys_gone
finish
