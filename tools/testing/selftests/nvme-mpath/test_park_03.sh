#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will kill the only controller of a head, so that its reset fails and
# leaves it dead but not removed, and see that the commands that were parked until
# the end of that reset end.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 5
need_qmp
need_tools setpci
pci_head
trace_path_errors

other=$(pci_ctrl 1)
echo 1 >"/sys/class/nvme/$other/device/remove"
must 10 "one path" paths_live 1
last=$(pci_ctrl 0)

# QEMU 7.2 may crash when a busy device goes, not when its drive is throttled
pci_slow 1
io_start -t 600 -o read "$ng"
must 20 "16 commands in flight" io_pending 16
pci_kill 0
pci_slow 0
check "the reset of the last controller fails" \
	wait_for 60 log_has "Disabling device after reset failure"
check "the kernel log says that commands were requeued before" \
	log_has "requeuing passthrough command"
kill -TERM "$io"
io_wait
check "each parked command was answered once" test "$io_status" -eq 1
check "all parked commands end with -EIO" io_errors_only -5
check "the dead controller has not been removed" test -n "$(ctrl_state "$last")"
finish
