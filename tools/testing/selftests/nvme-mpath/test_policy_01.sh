#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will set the policy of a head and the default for new ones, with
# right and wrong words.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

parameter=/sys/module/nvme_core/parameters/passthru_failover

# set_to <word> <file>: the file has the word afterwards
set_to()
{
	echo "$1" 2>/dev/null >"$2" && is "$1" "$(cat "$2")"
}

# refused <word> <file>: with EINVAL, and the file keeps its old word
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
check "the module parameter passthru_failover is idempotent by default" \
	is idempotent "$(cat $parameter)"
check "the module parameter refuses unknown words and keeps its value" \
	all_refused $parameter
attribute=/sys/block/$head/passthru_failover
check "the policy of a new head is idempotent" is idempotent "$(cat "$attribute")"
check "the attribute of a head refuses unknown words and keeps its value" \
	all_refused "$attribute"
for word in none all idempotent; do
	set_to $word "$attribute" || break
done
check "the attribute of a head takes all three policies" is idempotent "$word"
check "the module parameter takes another policy" set_to all $parameter
at_exit "echo idempotent >$parameter"
check "a change of the module parameter leaves existing heads alone" \
	is idempotent "$(cat "$attribute")"
disconnect
must 10 "no head" subsys_gone
nvmet_connect 1 && must 10 "head" find_head "$NVMET_NQN"
check "a new head takes its policy from the changed module parameter" \
	is all "$(cat "/sys/block/$head/passthru_failover")"
finish
