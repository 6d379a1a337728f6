# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The frame of a test: plan, checks, the kernel log, waiting.

# A slow machine (TCG, a debug kernel) multiplies all time limits by this.
SLOW=${NVME_MPATH_SLOW:-1}
tmp=$(mktemp -d)

exit_commands=("rm -rf $tmp")
at_exit()
{
	exit_commands=("$*" "${exit_commands[@]}")
}

# set_file <file> <value>: until the test ends
set_file()
{
	at_exit "echo $(cat "$1") >$1"
	echo "$2" >"$1"
}

run_exit_commands()
{
	local c

	for c in "${exit_commands[@]}"; do
		eval "$c" >/dev/null 2>&1
	done
	exit_commands=()
}
trap run_exit_commands EXIT

run_exit_commands_keep_tmp()
{
	local c

	for c in "${exit_commands[@]}"; do
		[ "$c" = "rm -rf $tmp" ] || eval "$c" >/dev/null 2>&1
	done
	exit_commands=("rm -rf $tmp")
}

# begin <checks>: the plan, one more for the kernel log. The first result prints
# it: until then a test can still find that it lacks something.
begin()
{
	ktap_print_header
	[ "$(id -u)" = 0 ] || skip_all "not root"
	checks=$(($1 + 1))
	log_mark="nvme-mpath test ${0##*/} $$"
	echo "$log_mark" >/dev/kmsg
}

print_plan()
{
	[ -z "${checks:-}" ] || ktap_set_plan "$checks"
	checks=
}

# skip_all <reason>...: the machine lacks something; after the first check this
# is a failure
skip_all()
{
	[ -n "${checks-none}" ] || give_up "$@"
	ktap_skip_all "$@"
	exit "$KSFT_SKIP"
}

# need_tools <command>...: one reason names all that are missing
need_tools()
{
	local t missing=()

	for t in "$@"; do
		command -v "$t" >/dev/null || missing+=("$t")
	done
	[ ${#missing[@]} -eq 0 ] || skip_all "not found: ${missing[*]}"
}

# check <description> <command>...: the description is a full statement, which
# is true if the command succeeds. It has a meaning in a log read alone.
check()
{
	local description=$1

	print_plan
	shift
	if "$@"; then
		ktap_test_pass "$description"
	else
		ktap_test_fail "$description"
		[ "${NVME_MPATH_FIRST:-0}" = 0 ] ||
			give_up "the first failed check ends the test"
	fi
}

give_up()
{
	print_plan
	# a kernel that is broken on purpose may not let the cleanup end
	[ "${NVME_MPATH_FIRST:-0}" = 0 ] || trap - EXIT
	ktap_exit_fail_msg "$@"
}

# is <expected> <seen>
is()
{
	[ "$1" = "$2" ] || {
		ktap_print_msg "expected '$1', seen '$2'"
		return 1
	}
}

finish()
{
	run_exit_commands_keep_tmp
	check "the kernel log has no warning since the test began" log_is_clean
	ktap_finished
}

log_since_begin()
{
	dmesg | sed -n "/$log_mark/,\$p"
}

log_has()
{
	log_since_begin | grep -c "$1" >"$tmp/log_has"
	[ "$(cat "$tmp/log_has")" -gt 0 ]
}

# Reports of base kernels that concern nothing that is tested here:
#  pciehp  takes ctrl->reset_lock under pci_rescan_remove_lock on a surprise
#	   removal; other code takes them the other way round
#  freeze  nvme-pci starts the freeze of its queues in the timeout work and ends
#	   it in the reset work: lockdep holds that against the former
#  KCSAN   a data race of two functions that are neither of the NVMe host nor of
#	   io_uring commands; that of the tail of a queue of nvme-pci, which its
#	   interrupt reads for a trace point; that of the flags of a worker, which
#	   its timer tick reads
without_known_reports()
{
	# messages between the lines of a report stay
	awk 'function report(i, lines,	text) {
		while (lines-- && i <= NR && line[i] !~ /Workqueue:/)
			text = text "\n" line[i++]
		return text
	}
	function known(i) {
		if (line[i] ~ /possible circular locking/ &&
		    report(i, 7) ~ /ctrl->reset_lock.*pciehp_unconfigure_device/)
			return "pciehp"
		if (line[i] ~ /BUG: workqueue leaked/ &&
		    line[i + 1] line[i + 2] ~ /workfn=blk_mq_timeout_work/ &&
		    report(i, 60) ~ /nvme_start_freeze/)
			return "freeze"
		if (line[i] ~ /BUG: KCSAN:/ && (line[i] !~ /nvme_|uring_cmd/ ||
		    line[i] ~ /race in nvme_poll_cq .* nvme_(queue_rq|submit_cmds)/ ||
		    line[i] ~ /race in kthread_data /))
			return substr(line[i], index(line[i], "KCSAN"))
	}
	{ line[NR] = $0 }
	END {
		for (i = 1; i <= NR; i++)
			if (known(i))
				print "ignored a known report: " known(i) \
					>"/dev/stderr"
			else
				print line[i]
	}' 2>"$tmp/ignored"
	sed 's/^/# /' "$tmp/ignored" >&2
}

log_reports='WARNING:|BUG:|KASAN|Oops|INFO: (possible|task|rcu)|suspicious RCU'
log_reports+='|possible (circular|recursive)|sleeping function|use-after-free'
log_reports+='|blocked for more|refcount_t|list_(add|del) corruption'
log_reports+='|unreferenced object|still counted as active'

log_is_clean()
{
	log_has "$log_mark" || {
		ktap_print_msg "the kernel log has lost the beginning of the test"
		return 1
	}
	log_since_begin | without_known_reports |
		grep -E -A 24 "$log_reports" \
		>"$tmp/log" || return 0
	sed 's/^/# /' "$tmp/log"
	return 1
}

# wait_for <seconds> <command>...: until it succeeds
wait_for()
{
	local end=$((SECONDS + $1 * SLOW + 1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# must <seconds> <condition in words> <command>...: a step of the set-up; without
# it the test ends, failed
must()
{
	local seconds=$1 what=$2

	shift 2
	wait_for "$seconds" "$@" || {
		dmesg | tail -n 20 | sed 's/^/# /'
		[ -z "${io_log:-}" ] || tail -n 3 "$io_log" | sed 's/^/# /'
		give_up "$what: did not happen in $((seconds * SLOW)) s"
	}
}

# ms: now, in milliseconds
ms()
{
	local t=${EPOCHREALTIME/./}

	echo $((t / 1000))
}

# past <ms>: that time has come
past()
{
	[ "$(ms)" -ge "$1" ]
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

# ended <pid>: the process is dead, reaped or not
ended()
{
	gone "$1" || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# all_ended <pid>...
all_ended()
{
	local p

	for p in "$@"; do
		ended "$p" || return
	done
}
