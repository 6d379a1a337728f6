# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# The failover policy of $head, and its counters.

# policy <policy>: a kernel without policies behaves as under none
policy()
{
	local f=/sys/block/$head/passthru_failover

	if [ -e "$f" ]; then
		echo "$1" >"$f"
	else
		[ "$1" = none ]
	fi
}

# delayed_retry <off|cqt|ms>: of $head; a kernel without it behaves as with off
delayed_retry()
{
	local f=/sys/block/$head/passthru_delayed_retry

	if [ -e "$f" ]; then
		echo "$1" >"$f"
	else
		[ "$1" = off ]
	fi
}

# count <parked|parked_total|failed_over|no_path|refused|held|held_total>
count()
{
	cat "/sys/block/$head/passthru_$1"
}

count_is()
{
	[ "$(count "$1")" -eq "$2" ] || {
		ktap_print_msg "passthru_$1 is $(count "$1"), not $2"
		return 1
	}
}

# are_parked <n>: so many commands, and prints nothing if not
are_parked()
{
	[ "$(count parked 2>/dev/null)" = "$1" ]
}
