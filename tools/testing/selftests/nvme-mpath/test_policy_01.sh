#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will set the policy of a head and the default for new ones, with
# right and wrong words.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

parameter=/sys/module/nvme_core/parameters/passthru_failover

# set_to <word> <file>: it says so afterwards
set_to()
{
	echo "$1" 2>/dev/null >"$2" && is "$1" "$(cat "$2")"
}

# refused <word> <file>: with EINVAL, and it says what it said before
refused()
{
	local before

	before=$(cat "$2") || return
	! { echo "$1" >"$2"; } 2>"$tmp/error" &&
		grep -q 'Invalid argument' "$tmp/error" &&
		is "$before" "$(cat "$2")"
}

all_refused()
{
	local word

	for word in 0 1 NONE non nonee 'all ' 'none all' idempotent,all; do
		refused "$word" "$1" || {
			ktap_print_msg "'$word'"
			return 1
		}
	done
}

begin 8
need_tools nvme
nvmet_up 1 0
check "the default is idempotent" is idempotent "$(cat $parameter)"
check "the default refuses what it does not know" all_refused $parameter
attribute=/sys/block/$head/passthru_failover
check "a new head is idempotent" is idempotent "$(cat "$attribute")"
check "a head refuses what it does not know" all_refused "$attribute"
for word in none all idempotent; do
	set_to $word "$attribute" || break
done
check "a head takes all three policies" is idempotent "$word"
check "the default can be changed" set_to all $parameter
at_exit "echo idempotent >$parameter"
check "heads that exist keep theirs" is idempotent "$(cat "$attribute")"
nvme disconnect -n "$NVMET_NQN" >/dev/null
must 10 "no head" subsys_gone
nvmet_connect 1 && must 10 "head" find_head "$NVMET_NQN"
check "new heads have the new default" \
	is all "$(cat "/sys/block/$head/passthru_failover")"
finish
