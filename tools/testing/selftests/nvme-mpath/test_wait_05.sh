#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will change the policy to none just when thousands of waiting commands are
# looked at for passthru_wait_secs: all of them end at once, none is missed.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

LOADS=4 EACH=4096

# all_wait: a load after the other, until all of its commands wait
all_wait()
{
	local i

	loads=()
	for ((i = 1; i <= LOADS; i++)); do
		io_start -n $EACH -q $EACH -b 1024 -o write --same-data "$ng"
		loads+=("$io")
		must 30 "$((i * EACH)) commands that wait" count_is parked $((i * EACH))
	done
}

# none_when_looked_at: as soon as the work that does that has begun, without a process
# more that would take time
none_when_looked_at()
{
	local pipe event=$TRACING/events/workqueue/workqueue_execute_start
	local file=/sys/block/$head/passthru_failover

	trace_event workqueue/workqueue_execute_start "function == 0x$recheck"
	exec {pipe}<"$TRACING/trace_pipe"
	read -r -N 1 -t $((5 * SLOW)) <&"$pipe" || give_up "nobody looks at them"
	echo none >"$file"
	exec {pipe}<&-
	echo 0 >"$event/enable"
}

all_refused()
{
	local l

	for l in "${loads[@]}"; do
		io_use "$l"
		io_wait >"$tmp/account"
		is "-5:$EACH" "$(io_value errors)" || return
	done
}

begin 6
need_tools nvme
recheck=$(awk '$3 == "nvme_mpath_pt_recheck_work" { print $1 }' /proc/kallsyms)
[ -n "$recheck" ] || give_up "no nvme_mpath_pt_recheck_work in /proc/kallsyms"
nvmet_up 2 0 -l 600
no_usable_path inaccessible
must 1 "passthru_wait_secs" wait_secs 600
# on one CPU the change comes while that work makes way for it
[ ! -w $CPU ] || set_file $CPU 0
for round in 1 2 3; do
	policy idempotent
	all_wait
	none_when_looked_at
	check "round $round: none of $((LOADS * EACH)) commands waits any more" \
		wait_for 5 count_is parked 0
	# or each load would wait for its last answer
	usable_paths
	check "round $round: all have ended with -EIO" all_refused
	no_usable_path inaccessible
done
finish
