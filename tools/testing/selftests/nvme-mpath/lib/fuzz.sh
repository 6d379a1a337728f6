# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# Random commands, nvme_mpath_fuzz, while paths come and go.

# Other choices: NVME_MPATH_APPEND=nvme_mpath.seed=<n>
fuzz_seed=${NVME_MPATH_SEED:-1}

# fuzz_start [nvme_mpath_fuzz option]... <node>: sets $io; io_report, io_value,
# io_stop are for it, too
fuzz_start()
{
	ktap_print_msg "nvme_mpath_fuzz --seed $fuzz_seed $*"
	io_run ./nvme_mpath_fuzz --seed "$fuzz_seed" --seconds 3600 \
		--patience $((30 * SLOW)) "$@"
}

# fuzz_answered <n>: so many commands of rings
fuzz_answered()
{
	! ended "$io" || give_up "the program has ended: $(tail -n 3 "$io_log")"
	# it reports between two rounds
	io_report && [ "$(io_value answered)" -ge "$1" ]
}

# fuzz_goes_on <n>: n more
fuzz_goes_on()
{
	local n

	must 120 "an answer to all random commands" io_report
	n=$(($(io_value answered) + $1))
	must 120 "$1 more random commands" fuzz_answered "$n"
}

# fuzz_stop: after the round; returns the verdict
fuzz_stop()
{
	local status=0

	kill -TERM "$io"
	wait_for 60 ended "$io" || status=1
	[ "$status" = 1 ] || wait "$io" || status=1
	grep -E '^(violation|nvme_mpath_fuzz)' "$io_log" | sort -t: -k3 |
		head -n 12 | sed 's/^/# /'
	ktap_print_msg "$(tail -n 1 "$io_log")"
	return $status
}

some_parked()
{
	[ "$(count parked 2>/dev/null || echo 0)" -gt 0 ]
}

# Paths break in turns, and commands park, fail over or are held. Other tests judge
# each of these; here the commands are random.
flap_parked()
{
	no_usable_path change
	wait_for 5 some_parked
	usable_paths
}

flap_port()
{
	port_down 1
	must 30 "one path" paths_live 1
	port_up 1
	must 60 "two paths" paths_live 2
}

flap_refused()
{
	local before

	before=$(path_errors)
	ana_unannounced inaccessible 1
	wait_for 5 lost_more "$before"
	ana_announced optimized 1
	must 20 "usable paths" ana_seen optimized
}

# lost_more <n>: more than n commands in all have met a path error
lost_more()
{
	[ "$(path_errors)" -gt "$1" ]
}

flap_lost()
{
	local before

	before=$(path_errors)
	hold
	for _ in 1 2 3; do
		reset_all
		! wait_for 2 lost_more "$before" || break
	done
	release
}

# While they are held, their paths are back.
flap_held()
{
	delayed_retry 100
	flap_lost
	delayed_retry cqt
}

# fuzz_flap <n> <flap>...: n times each, with random commands in between
fuzz_flap()
{
	local n=$1 f

	shift
	for _ in $(seq "$n"); do
		for f in "$@"; do
			"flap_$f"
			# after the round
			must 120 "an answer to all random commands" io_report
		done
	done
}

# check_fuzz <what>: three checks, of what the program and the head have counted
check_fuzz()
{
	check "$1: each was answered once, in its own memory, with a right to it" \
		fuzz_stop
	check "$1: valid ones were among them, and succeeded" \
		test "$(io_value plain)" -gt 0
	check "$1: no command is parked or held any more" nothing_waits
}
