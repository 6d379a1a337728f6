# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# The delayed removal of $head.

# delay, delay_for <seconds>
delay()
{
	cat "/sys/block/$head/delayed_removal_secs" 2>/dev/null
}

delay_for()
{
	local f=/sys/block/$head/delayed_removal_secs

	[ -e "$f" ] && echo "$1" >"$f" || return
	# a head without a path goes at the end of the test
	at_exit "echo 0 >$f"
}

# rescan_finds <nsid>: sets $head; a namespace that was refused once takes a scan
rescan_finds()
{
	rescan
	find_head "$NVMET_NQN" "$1"
}
