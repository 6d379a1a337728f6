#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see that without a path error a head answers as it always did:
# data, statuses that are not about the path, and what the driver refuses.
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

for kind in "-o rw" "-o rw --vectored" "-o rw --buffer-offset 1" "-o flush" \
	"-o rw --mode defer -q 64" "-o rw -b 65536 -q 4"; do
	# shellcheck disable=SC2086
	io_start -n 200 $kind "$ng"
	check "$kind: all commands succeed" io_wait
done

# Internal Device Error: the media has a say, the path has none
inject "$path" 0x6 5
echo round-robin >"$subsys/iopolicy"
io_start -n 100 -o read "$ng"
io_wait
check "a status of the device reaches the application" \
	test "$(io_value errors)" = "0x6:5"

# larger than what the controller takes
io_start -n 4 -o read -b 1048576 -q 4 "$ng"
io_wait
check "so does a refusal of the driver" test "$(io_value errors)" = "-22:4"
check "no path error was seen" test "$(path_errors)" -eq 0
check "none was failed over" eval '! log_has "requeuing passthrough"'
finish
