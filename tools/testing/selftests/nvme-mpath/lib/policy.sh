# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# The failover policy of $head, and its counters.

# head_attribute <name> <value> <word>: a kernel without it behaves as with that word
head_attribute()
{
	local f=/sys/block/$head/$1

	if [ -e "$f" ]; then
		echo "$2" >"$f"
	else
		[ "$2" = "$3" ]
	fi
}

# policy <none|idempotent|all>: of $head
policy()
{
	head_attribute passthru_failover "$1" none
}

# delayed_retry <off|cqt|ms>: of $head
delayed_retry()
{
	head_attribute passthru_delayed_retry "$1" off
}

# wait_secs <seconds>: how long a command on $head may wait, 0 for no bound
wait_secs()
{
	head_attribute passthru_wait_secs "$1" 0
}

# count <parked|parked_total|failed_over|no_path|refused|expired|held|held_total>
count()
{
	cat "/sys/block/$head/passthru_$1"
}

# sum_counts <counter> <head>...: of all of them
sum_counts()
{
	local name=$1 h sum=0

	shift
	for h in "$@"; do
		sum=$((sum + $(cat "/sys/block/$h/passthru_$name")))
	done
	echo "$sum"
}

count_is()
{
	[ "$(count "$1")" -eq "$2" ] || {
		ktap_print_msg "passthru_$1 is $(count "$1"), not $2"
		return 1
	}
}

# nothing_waits: neither for a path nor for an old controller
nothing_waits()
{
	count_is parked 0 && count_is held 0
}

# are_parked <n>: so many commands, and prints nothing if not
are_parked()
{
	[ "$(count parked 2>/dev/null)" = "$1" ]
}

# io_uring_patched: not only the modules are those of the series
io_uring_patched()
{
	grep -q ' io_uring_cmd_cancel$' /proc/kallsyms
}
