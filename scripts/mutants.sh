#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prove the tests: plant each mutant of mutants/ in the NVMe modules for the
# distribution's own kernel, and see that a test catches it. TAP, a line a mutant.
#
# Usage: mutants.sh <base> [mutant]...
#
# A mutant is a patch to the assembled source. Above it are two lines,
#	Breaks: <what it breaks, in one sentence>
#	Caught-by: <test>...
# The tests run one after the other, each in a VM, until one catches the mutant:
# a check fails, or the kernel panics or hangs. Before that all these tests have
# to pass without a mutant (CLEAN=0: not now). VMS=n builds and tests n mutants at
# a time. A run leaves a mutants/README.md with what it has found.
#
# SEEDS="n ..." takes torture with these seeds instead of the tests, MINUTES=n each:
# does it catch the mutant alone? That run leaves a mutants/torture.md.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"
. "$(dirname "$0")/distro.sh"

load_base "${1:-}"
shift
mutants=$top/mutants
mapfile -t all < <(cd "$mutants" && printf '%s\n' *.patch | sed 's/\.patch$//')

# field <mutant> <name>: of its header
field()
{
	sed -n "/^diff --git /q; s/^$2: //p" "$mutants/$1.patch"
}

# find_mutant <word>: prints the mutant that is meant, with or without its number
find_mutant()
{
	local m

	for m in "${all[@]}"; do
		[[ $m = "$1" || ${m#*-} = "$1" ]] || continue
		echo "$m"
		return
	done
	die "no mutant '$1'" "there are: ${all[*]#*-}"
}

# check_header <mutant>: its tests exist, and run on this kernel
check_header()
{
	local t file=mutants/$1.patch

	for t in Breaks Caught-by; do
		[ -n "$(field "$1" "$t")" ] ||
			die "$file has no line '$t:' above its diff"
	done
	for t in $(field "$1" Caught-by); do
		[ -f "$vm/../test_$t.sh" ] ||
			die "$file: there is no test '$t'"
		! grep -q "^test_${t}[[:space:]]" "$vm/distro.skips" ||
			die "$file: $t does not run on the distribution's kernel" \
				"name a test that is not in vm/distro.skips"
	done
}

# plant <mutant> <directory>
plant()
{
	local log=$work/apply.log

	apply_diff "$2" "$mutants/$1.patch" >"$log" 2>&1 || {
		sed 's/^/    /' "$log" >&2
		die "mutants/$1.patch does not apply any more" \
			"the code that it breaks has changed: make the same mistake in" \
			"the new code, or remove the mutant if nobody can make it there"
	}
}

# check_mutants: before anything is built
check_mutants()
{
	local m

	for m in "${chosen[@]}"; do
		rm -rf "$work/probe"
		cp -a "$work/source" "$work/probe"
		plant "$m" "$work/probe"
	done
	rm -rf "$work/probe"
}

# spawn <command>...: a signal ends it at once, with all that it has started
run=
spawn()
{
	local code=0

	set -m
	"$@" </dev/null &
	run=$!
	set +m
	wait "$run" || code=$?
	run=
	return "$code"
}

# shellcheck disable=SC2317 # called by the traps
end_run()
{
	[ -z "$run" ] || { kill -- "-$run" && wait "$run"; } 2>/dev/null || :
}

# build <mutant>: its modules, in a directory of their own, beside those that they
# need. In one tree, so that only what differs from the last mutant is compiled.
build()
{
	local to=$results/$1/modules log=$results/$1/build.log f

	exec 8>"$work/.build.lock"
	spawn flock 8
	copy_source "$work/source" "$work/tree"
	plant "$1" "$work/tree"
	# nothing in the tests reads the BTF of modules
	spawn make_modules "$work/tree" CONFIG_DEBUG_INFO_BTF_MODULES= \
		>"$log" 2>&1 ||
		die "mutants/$1.patch does not build" "see $log"
	! grep 'warning:' "$log" >&2 ||
		die "mutants/$1.patch builds with a warning" "see $log"
	cp -al "$distro/modules" "$to"
	rm "$to/$kver/updates"/*.ko
	find "$work/tree/drivers/nvme" -name '*.ko' | while read -r f; do
		strip --strip-debug -o "$to/$kver/updates/${f##*/}" "$f"
	done
	exec 8>&-
}

# run_tests <directory> <modules> <run.sh argument>...: its exit code
run_tests()
{
	local dir=$1 modules=$2

	shift 2
	spawn "$vm/run.sh" -k "$image" -s "$installed" -m "$modules" -o "$dir" \
		"$@" >"$dir/tap" 2>&1
}

# what_caught <directory of the test> <exit code of run.sh>
what_caught()
{
	case $2 in
	1)
		tr -d '\r' <"$1/verdict" | sed -nE \
			's/^not ok [0-9]+ (.*[^ ]) *$/check "\1"/p
			s/^not ok - .* (did not end within [0-9]+ s)$/test "\1"/p
			s/^Bail out! +(.*)$/step "\1"/p' | head -n 1
		;;
	5)
		tr -d '\r' <"$1/serial.log" | sed -nE \
			'/BUG:|kernel BUG|Oops|WARNING:|protection fault|Kernel panic/{
			s/^\[[^]]*\] *//; s/.*/panic "&"/p}' | head -n 1
		;;
	6)
		echo "a hang"
		;;
	esac
}

# hunters <mutant>: its tests, or the seeds for torture
hunters()
{
	echo "${SEEDS:-$(field "$1" Caught-by)}"
}

# hunt <mutant>: prints "<test or seed> <seconds> <what caught it>", or nothing
hunt()
{
	local dir=$results/$1 by script start code

	build "$1"
	for by in $(hunters "$1"); do
		script=test_$by.sh
		if [ -n "${SEEDS:-}" ]; then
			script=./torture.sh
			export TORTURE_SEED=$by TORTURE_MINUTES=${MINUTES:-3}
		fi
		start=$SECONDS code=0
		run_tests "$dir" "$dir/modules" "$script" || code=$?
		case $code in
		0) continue ;;
		1 | 5 | 6) ;;
		*) die "$by could not judge mutants/$1.patch" "see $dir/tap" ;;
		esac
		echo "$by $((SECONDS - start))" \
			"$(what_caught "$dir/$(basename "$script" .sh)" $code)"
		break
	done
	rm -rf "$dir/modules"
}

# One of them builds while another one runs tests. A shell of its own keeps each.
keepers=()

keep()
{
	mkdir -p "$results/${chosen[$1]}"
	(
		trap end_run EXIT
		trap 'exit 130' INT TERM HUP
		keepers=()
		hunt "${chosen[$1]}" >"$results/.caught-$1"
		touch "$results/.done-$1"
	) &
	keepers[$1]=$!
}

# shellcheck disable=SC2317
cleanup()
{
	end_run
	[ ${#keepers[@]} -eq 0 ] ||
		{ kill "${keepers[@]}" && wait "${keepers[@]}"; } 2>/dev/null || :
	rm -rf "$work/probe" "$results"/.[cd]* "$results"/*/modules
}

# without_mutants: a test that fails without a mutant says nothing about one
without_mutants()
{
	local tests

	mapfile -t tests < <(for m in "${chosen[@]}"; do
		field "$m" Caught-by
	done | tr ' ' '\n' | sort -u | sed 's/.*/test_&.sh/')
	msg "${#tests[@]} tests without a mutant"
	mkdir -p "$results/clean"
	run_tests "$results/clean" "$distro/modules" -j "${VMS:-1}" "${tests[@]}" || {
		grep '^not ok' "$results/clean/tap" >&2 || :
		die "above is what fails without a mutant" "see $results/clean/tap"
	}
	tail -n 1 "$results/clean/tap" | sed 's/.*/# without a mutant: &/'
}

# report <i>: its line of TAP, and of the table
report()
{
	local m=${chosen[$1]} by seconds what

	n=$((n + 1))
	if [ ! -e "$results/.done-$1" ]; then
		failed=$((failed + 1))
		echo "not ok $n - ${m#*-}: could not be tested"
		return
	fi
	if ! read -r by seconds what <"$results/.caught-$1"; then
		failed=$((failed + 1))
		echo "not ok $n - ${m#*-}: survived $(hunters "$m")"
		echo "#   $(field "$m" Breaks)"
		echo "#   find a check that sees it; logs: $results/$m"
		return
	fi
	passed=$((passed + 1))
	echo "ok $n - ${m#*-}: caught by $by, $what, after $seconds s"
	echo "| ${m#*-} | $(field "$m" Breaks) | $by | $what | $seconds |" \
		>>"$results/table"
}

# readme: the table in mutants/, with what this run has found
readme()
{
	local m

	sed '/^|---/q' "$mutants/$table"
	for m in "${all[@]}"; do
		grep -hm 1 "^| ${m#*-} |" "$results/table" "$mutants/$table" |
			head -n 1 || :
	done
}

# A wrong name or header must not cost a build.
chosen=()
for word in "$@"; do
	m=$(find_mutant "$word")
	chosen+=("$m")
done
[ $# -gt 0 ] || chosen=("${all[@]}")
for m in "${chosen[@]}"; do
	check_header "$m"
done

table=README.md
[ -z "${SEEDS:-}" ] || table=torture.md
[[ ${SEEDS:-} =~ ^[0-9\ ]*$ ]] || die "SEEDS takes numbers, not '$SEEDS'"

prepare series distro
# shellcheck disable=SC2154 # of distro.sh
work=$distro/mutants
mkdir -p "$work"
exec 7>"$work/.lock"
flock -n 7 || die "make mutants is running in $out already"
new_results mutants
: >"$results/table"
trap cleanup EXIT
# where the signal comes stderr may be a log
exec 6>&2
trap 'echo "interrupted; the logs are in $results" >&6; exit 130' INT TERM HUP
copy_source "$built" "$work/source"
check_mutants

echo "TAP version 13"
echo "1..${#chosen[@]}"
# shellcheck disable=SC2154 # of distro.sh
echo "# modules for $kver"
[ "${CLEAN:-1}" = 0 ] || [ -n "${SEEDS:-}" ] || without_mutants
# a failed check has caught the mutant, what follows does not matter
export NVME_MPATH_APPEND="${NVME_MPATH_APPEND:-} nvme_mpath.first=1"
started=0
for i in "${!chosen[@]}"; do
	# report in the order of the plan
	while [ -v "keepers[i]" ] || [ "$started" -le "$i" ]; do
		if [ "$started" -lt ${#chosen[@]} ] &&
			[ ${#keepers[@]} -lt "${VMS:-1}" ]; then
			keep "$started"
			started=$((started + 1))
			continue
		fi
		wait -n -p ended "${keepers[@]}" || :
		for k in "${!keepers[@]}"; do
			[ "${keepers[k]}" != "$ended" ] || unset "keepers[k]"
		done
	done
	report "$i"
done
[ "$passed" -eq 0 ] || {
	readme >"$results/$table"
	echo "# mutants/$table, brought up to date: $results/$table"
}
echo "# logs: $results"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
