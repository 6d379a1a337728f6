# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# Allocations and copies that fail in the kernel: failslab, fail_page_alloc and
# fail_usercopy. They fail for the load only, and only those that nvme_core asks for,
# itself or through the block layer: a task that lacks memory elsewhere says nothing
# about it.

FAILURES=/sys/kernel/debug
shortages=1000000

need_shortage()
{
	local what missing=()

	for what in failslab:FAILSLAB fail_page_alloc:FAIL_PAGE_ALLOC \
		fail_usercopy:FAULT_INJECTION_USERCOPY; do
		[ -d "$FAILURES/${what%:*}" ] || missing+=("CONFIG_${what#*:}")
	done
	[ -e "$FAILURES/failslab/require-start" ] ||
		missing+=(CONFIG_FAULT_INJECTION_STACKTRACE_FILTER)
	[ ${#missing[@]} -eq 0 ] || skip_all "no ${missing[*]}"
}

# text_of <module>: the range of its functions
text_of()
{
	awk -v m="[$1]" '$NF == m && tolower($2) == "t" { print $1 }' \
		/proc/kallsyms | sort | sed -n '1p; $p'
}

# short_of <failslab|fail_page_alloc|fail_usercopy> <percent> [interval]: for the
# loads of make_it_fail; no two in a row if the interval is 2
short_of()
{
	local d=$FAILURES/$1 range

	mapfile -t range < <(text_of nvme_core)
	echo 0 >"$d/probability"
	echo "0x${range[0]}" >"$d/require-start"
	echo "0x${range[1]}" >"$d/require-end"
	# what a transport lacks is not reported to applications
	mapfile -t range < <(text_of nvme_tcp)
	echo "0x${range[0]}" >"$d/reject-start"
	echo "0x${range[1]}" >"$d/reject-end"
	echo 32 >"$d/stacktrace-depth"
	echo Y >"$d/task-filter"
	echo 0 >"$d/verbose"
	echo 0 >"$d/space"
	echo "${3:-1}" >"$d/interval"
	echo $shortages >"$d/times"
	# also those that may wait for memory, and single pages
	[ ! -e "$d/ignore-gfp-wait" ] || echo N >"$d/ignore-gfp-wait"
	[ ! -e "$d/ignore-gfp-highmem" ] || echo N >"$d/ignore-gfp-highmem"
	[ ! -e "$d/min-order" ] || echo 0 >"$d/min-order"
	at_exit "echo 0 >$d/probability"
	echo "$2" >"$d/probability"
}

# enough_of <failslab|fail_page_alloc|fail_usercopy>
enough_of()
{
	echo 0 >"$FAILURES/$1/probability"
}

# was_short <failslab|fail_page_alloc|fail_usercopy>: how often, since short_of
was_short()
{
	echo $((shortages - $(cat "$FAILURES/$1/times")))
}

# make_it_fail: the threads of the load, also those that the kernel has made
make_it_fail()
{
	local t

	for t in "/proc/$io/task"/*/make-it-fail; do
		echo 1 >"$t" || return
	done
}

# short_ends <n> <res>: n allocations or copies have failed, at least one, and all
# commands have ended with that result or succeeded. Which allocations have a reserve
# depends on the kernel.
short_ends()
{
	[ "$1" -gt 0 ] && [ "$(io_value pending)" = 0 ] && io_errors_only "$2"
}
