#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send a fused pair of commands, and commands with other bits of
# their flags byte: all of them are refused, and write nothing.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# refused <what>: a pair of compare and write, and writes with every other bit
refused()
{
	local f errors=''

	for f in 1 2 3 0x10 0x20 0x40 0x80 0xc0; do
		io_start -n 4 -q 4 --patience 5 --flags "$f" -o write "$ng"
		io_wait
		errors+="$(io_value errors) "
	done
	io_start -n 4 -q 4 --patience 5 -o fused "$ng"
	io_wait
	errors+="$(io_value errors)"
	check "$1: fused commands and all other flag bits are refused with -EINVAL" \
		is \
		"$(printf -- '-22:4 %.0s' 1 2 3 4 5 6 7 8)-22:4" "$errors"
	dd if="/dev/$head" bs=4096 count=4 iflag=direct status=none |
		tr -d '\0' >"$tmp/data"
	check "$1: the refused writes have written nothing" test ! -s "$tmp/data"
}

begin 4
pci_single
refused "a path's own node"
pci_head
refused "a head"
finish
