#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see that without a path error a head answers as on the unpatched
# kernel: data, statuses that are no path errors, and refusals of the driver.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 10
pci_head
trace_path_errors
path=$(path_of_ctrl "$(pci_ctrl 0)")
for c in 0 1; do
	echo 1 >"/sys/class/nvme/$(pci_ctrl $c)/passthru_err_log_enabled"
done

check_kinds

# Internal Device Error: no path error
inject "$path" 0x6 5
round_robin
io_start -n 100 -o read "$ng"
io_wait
check "the application sees all 5 Internal Device Errors" \
	test "$(io_value errors)" = "0x6:5"

# larger than the limit of the controller
io_start -n 4 -o read -b 1048576 -q 4 "$ng"
io_wait
check "reads above the limit of the controller end with -EINVAL" \
	test "$(io_value errors)" = "-22:4"
check "no command ended with a path error" test "$(path_errors)" -eq 0
check "the kernel log mentions no requeued passthrough command" \
	eval '! log_has "requeuing passthrough"'
finish
