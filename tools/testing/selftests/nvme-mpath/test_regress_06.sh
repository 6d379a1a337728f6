#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will read and write with metadata in memory that may not be written: a
# read is refused and changes nothing there, a write succeeds.
# stock: fail pass:7.3
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# says <line>: the program has printed it
says()
{
	grep -qx -- "$1" "$tmp/bad" || {
		grep "^${1%% *} " "$tmp/bad" | sed 's/^/# /'
		return 1
	}
}

begin 5
pci_ns 3
./nvme_mpath_bad "$ng" >"$tmp/bad" 2>&1
check "the program has ended well" is 0 $?
check "a write takes its metadata from memory that is read-only" \
	says "write-read-only res=0 changed=0"
check "a read does not put its metadata there" \
	says "read-read-only res=-14 changed=0"
check "a read that is bounced does not either" \
	says "read-read-only-bounced res=-14 changed=0"
# the page of zeroes that all processes share
check "a read into memory that was never touched changes no other memory" \
	says "read-untouched res=0 changed=0"
finish
