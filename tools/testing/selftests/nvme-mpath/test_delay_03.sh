#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will change the delay of a removal, before and while it runs.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

refused()
{
	! delay_for "$1" 2>/dev/null
}

# lost <delay>: a head, whose paths went with that delay
lost()
{
	if [ ! -e "/dev/$head" ] || [ -z "$(ctrls)" ]; then
		connect_all
		must 20 "head" find_head "$NVMET_NQN"
		must 20 "live paths" paths_live 2
	fi
	must 1 "a delay of $1" delay_for "$1"
	must 20 "no path" disconnect_all
}

head_gone()
{
	[ ! -e "/dev/$head" ] && [ ! -e "$ng" ]
}

begin 13
need_tools nvme
nvmet_up 2 5
must 1 "a delay" delay_for 17
for wrong in '' x -1 1.5 4294967296 '3 4'; do
	refused "$wrong" || ktap_print_msg "taken: '$wrong'"
	is 17 "$(delay)"
done >"$tmp/wrong"
sed 's/^/# /' "$tmp/wrong"
check "wrong values are refused, and change nothing" test ! -s "$tmp/wrong"
check "the largest is taken" delay_for 4294967295
refs=$(module_refs nvme_core)

lost 0
check "0: the head goes with its last path" wait_for 10 head_gone

lost 600
io_start -n 8 -q 8 -o read "$ng"
check "600: commands wait" wait_for 10 io_stuck 8
delay_for 0
check "to 0 while it runs: the head goes now" wait_for 10 head_gone
io_wait
check "and the commands end with -EIO" is "-5:8" "$(io_value errors)"

lost 10
start=$(ms)
check "10, to 600 while it runs" delay_for 600
must 30 "more than that time" past $((start + 12000))
check "the head is still there" test -b "/dev/$head"
delay_for 1
check "to 1, which has passed: the head goes now" wait_for 10 head_gone

lost 600
held=$(module_refs nvme_core)
connect_all
must 20 "live paths" paths_live 2
check "600, and the paths are back: the head stays" test -b "/dev/$head"
# a removal that was not cancelled would be seen now
lost 600
connect_all
must 20 "live paths" paths_live 2
delay_for 1
start=$(ms)
must 10 "more than that time" past $((start + 2500))
check "1, with paths: it still does" test -b "/dev/$head"
if [ -e /sys/module/nvme_core/refcnt ]; then
	check "the module was held while a removal was pending" \
		is $((refs + 1)) "$held"
	check "and is no longer" wait_for 5 module_refs_are nvme_core "$refs"
else
	ktap_test_skip "the module was held: nvme_core is built in"
	ktap_test_skip "and is no longer: nvme_core is built in"
fi
finish
