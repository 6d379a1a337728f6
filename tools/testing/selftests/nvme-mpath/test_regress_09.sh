#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will read into memory that is not aligned, on a ring that only a child polls:
# its parent gets the data, not the child.
# stock: pass fail:7.3
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 2
pci_head
for offset in 0 1; do
	io_start -n 400 -q 8 -o rw --mode shared,iopoll --buffer-offset $offset "$ng"
	child=$(sed -n 's/^shared=//p' "$io_log")
	at_exit "kill -9 $child"
	# nobody else polls
	check "offset $offset: 400 commands that a child polls for have the right data" \
		io_wait
	kill -9 "$child"
done
finish
