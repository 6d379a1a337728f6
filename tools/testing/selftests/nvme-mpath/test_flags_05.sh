#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will see that on a path's own node FAILOVER does not retry a command.
# stock: fail
# It has no such flag.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 1
pci_single
inject "$head" 0x371 4
io_start -n 16 --flags failover "$ng"
io_wait
check "a path's own node: FAILOVER does not retry after path errors" \
	is "0x371:4" "$(io_value errors)"
finish
