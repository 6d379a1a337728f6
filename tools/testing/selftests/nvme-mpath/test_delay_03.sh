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

# lost <delay>: a head that has lost its paths with that delay
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
check "delayed_removal_secs refuses wrong values and keeps its own" \
	test ! -s "$tmp/wrong"
check "delayed_removal_secs takes 4294967295" delay_for 4294967295
refs=$(module_refs nvme_core)

lost 0
check "delay 0: the head goes with its last path" wait_for 10 head_gone

lost 600
io_start -n 8 -q 8 -o read "$ng"
check "delay 600: 8 commands sent without a path are parked" \
	wait_for 10 io_stuck 8
delay_for 0
check "delay 600 changed to 0 while it runs: the head goes at once" \
	wait_for 10 head_gone
io_wait
check "delay 600 changed to 0: the 8 parked commands end with -EIO" \
	is "-5:8" "$(io_value errors)"

lost 10
start=$(ms)
check "delay 10 can be changed to 600 while it runs" delay_for 600
must 30 "more than that time" past $((start + 12000))
check "delay 10 changed to 600: the head is there after 12 s" test -b "/dev/$head"
delay_for 1
check "delay changed to 1 s, which have passed: the head goes at once" \
	wait_for 10 head_gone

lost 600
held=$(module_refs nvme_core)
connect_all
must 20 "live paths" paths_live 2
check "delay 600: the head stays when its paths are back" test -b "/dev/$head"
# a pending removal would take the head now
lost 600
connect_all
must 20 "live paths" paths_live 2
delay_for 1
start=$(ms)
must 10 "more than that time" past $((start + 2500))
check "delay 1: a head with paths stays, the removal was cancelled" \
	test -b "/dev/$head"
if [ -e /sys/module/nvme_core/refcnt ]; then
	check "a pending removal holds a reference to nvme_core" \
		is $((refs + 1)) "$held"
	check "a cancelled removal has dropped its reference to nvme_core" \
		wait_for 5 module_refs_are nvme_core "$refs"
else
	ktap_test_skip "a pending removal holds nvme_core: it is built in"
	ktap_test_skip "a cancelled removal drops nvme_core: it is built in"
fi
finish
