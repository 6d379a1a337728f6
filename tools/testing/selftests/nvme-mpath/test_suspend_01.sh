#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will suspend the system, as deep as to its devices and the platform, while
# commands of several kinds of rings and an ioctl are parked: that neither fails nor
# ends one of them.
# stock: fail skip
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

POWER=/sys/power

# suspend <level of pm_test>: as deep as that, and back. It fails if a task cannot
# be frozen, or a device not be suspended.
suspend()
{
	echo "$1" >$POWER/pm_test && echo freeze >$POWER/state
}

slept()
{
	dmesg | grep -c 'PM: suspend entry (s2idle)'
}

modes=(coop defer sqpoll iopoll async)
pids=()

begin 14
need_tools nvme
[ -w $POWER/pm_test ] ||
	skip_all "no $POWER/pm_test (CONFIG_SUSPEND, CONFIG_PM_DEBUG)"
at_exit "echo none >$POWER/pm_test"
nvmet_up 2 0 -l 600

no_usable_path inaccessible
for mode in "${modes[@]}"; do
	parked_load 8 --patience 600 -o rw --mode "$mode" "$ng"
	pids+=("$io")
done
io_start -n 4 --engine io64 --patience 600 -o rw "$ng"
pids+=("$io")
modes+=(ioctl)
must 10 "41 parked commands" are_parked 41

for level in freezer devices platform; do
	start=$(ms)
	check "$level: the system is suspended while 41 commands are parked" \
		suspend $level
	ktap_print_msg "$level: $(($(ms) - start)) ms"
	check "$level: all 41 commands are still parked" are_parked 41
done
ktap_print_msg "$(dmesg | grep -E 'Freezing user space processes completed' |
	sed 's/^.*Freez/Freez/' | tr '\n' ';')"
check "the system was suspended three times" test "$(slept)" -ge 3

must 30 "two live paths" paths_live 2
usable_paths
for i in "${!pids[@]}"; do
	io_use "${pids[i]}"
	check "${modes[i]}: all parked commands succeed when paths are usable" \
		io_wait
done
check_works
finish
