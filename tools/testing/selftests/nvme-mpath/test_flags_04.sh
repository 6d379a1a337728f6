#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send malformed commands, covered by a policy and not, and see that
# they are rejected, leave the memory of the application alone, and harm no other.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# rejected <command> [res]: it had an error, or that one, and no byte or page changed
rejected()
{
	sed 's/^/# /' "$tmp/bad"
	grep -q "^$1 res=${2:--\?[1-9][0-9]*} changed=0$" "$tmp/bad"
}

# send <policy>
send()
{
	policy "$1"
	check "policy $1: the malformed commands are answered" \
		eval "timeout 30 ./nvme_mpath_bad '$ng' >'$tmp/bad' 2>&1"
	check "policy $1: a vectored command without an array" rejected no-array
	check "policy $1: a vectored command whose one entry has no address" \
		rejected no-base -14
	check "policy $1: a vectored command whose one entry has no length" \
		rejected no-length -22
	check "policy $1: metadata that the namespace does not have" \
		rejected no-metadata
	check "policy $1: more data than a command can have" rejected too-large
}

begin 13
pci_head
send idempotent
send none
check_works "the head"
finish
