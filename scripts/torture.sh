#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Random loads and faults in a VM, with an oracle: see torture.sh of the selftests.
# Usage: torture.sh <base> [distro|plain|debug|kcsan]
#
# SEED=n repeats the choices of a run, SEED=known those of all runs that once failed;
# MINUTES=n, FAULTS=a,b and LANES=n are passed on. Without a kernel: the
# distribution's for a base whose driver loads there, else plain. KEEP=1 copies the
# report of a run that has found nothing to bench/results/<base>/torture-<kernel>.txt,
# with that of make coverage where the kernel counts lines.
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
kernel=${2:-}
if [ -z "$kernel" ]; then
	kernel=plain
	[ "${driver_alone:-0}" = 0 ] || kernel=distro
fi
known=$(realpath "$vm/../torture.seeds")
export TORTURE_MINUTES=${MINUTES:-3} TORTURE_LANES=${LANES:-}
export TORTURE_SEED TORTURE_FAULTS

[[ $TORTURE_MINUTES =~ ^[1-9][0-9]*$ ]] ||
	die "MINUTES takes a number, not '$TORTURE_MINUTES'"
fresh_seed()
{
	echo $((RANDOM << 15 | RANDOM))
}

# lines of seed, faults, and what went wrong
case ${SEED:-} in
'') runs=("$(fresh_seed)	${FAULTS:--}") ;;
known) mapfile -t runs < <(grep '^[0-9]' "$known") ;;
*) runs=("$SEED	${FAULTS:--}") ;;
esac

# qemu_crashed <test directory>: by a signal; that says nothing about the kernel
qemu_crashed()
{
	grep -qE '^exit code 13[4-9]$' "$1/qemu.log" 2>/dev/null
}

# keep <report>: of a run that has found nothing
keep()
{
	local kept=$top/bench/results/$base/torture-$kernel.txt

	mkdir -p "${kept%/*}"
	{
		echo "make torture BASE=$base KERNEL=$kernel SEED=$TORTURE_SEED" \
			"MINUTES=$TORTURE_MINUTES$options"
		echo
		cat "$1"
		[ "$kernel" != debug ] ||
			{ echo && "$top/scripts/coverage.sh" "$base" "$dir"; } ||
			echo "no coverage"
	} >"$kept"
	echo "kept: ${kept#"$top"/}"
}

# one_run: sets $code, and $crashed
one_run()
{
	local report dir

	msg "seed $TORTURE_SEED, $TORTURE_MINUTES minutes and more${what:+: $what}"
	msg "to repeat it: make torture BASE=$base KERNEL=$kernel" \
		"SEED=$TORTURE_SEED MINUTES=$TORTURE_MINUTES$options"
	code=0
	"$top/scripts/test.sh" "$base" series "$kernel" ./torture.sh |
		tee "$output" || code=$?
	dir=$(sed -n 's/^# logs: //p' "$output")
	report=$dir/torture.report
	crashed=0
	! qemu_crashed "$dir/torture" || crashed=1
	[ -f "$dir/torture/verdict" ] || return 0
	tr -d '\r' <"$dir/torture/verdict" | sed -n 's/^# torture: //p' >"$report"
	sed 's/^/    /' "$report"
	echo "report: $report"
	[ -z "${KEEP:-}" ] || [ "$code" != 0 ] || keep "$report"
	[ "$code" = 0 ] || echo "to run it again with SEED=known: add a line" \
		"'$TORTURE_SEED<tab>${TORTURE_FAULTS:--}<tab>what it was' to ${known#"$top"/}"
}

output=$(mktemp)
trap 'rm -f "$output"' EXIT
gravest=0
for run in "${runs[@]}"; do
	read -r TORTURE_SEED TORTURE_FAULTS what <<<"$run"
	[[ $TORTURE_SEED =~ ^(0|[1-9][0-9]{0,17})$ ]] ||
		die "SEED takes a number or known, not '$TORTURE_SEED'"
	[ "$TORTURE_FAULTS" != - ] || TORTURE_FAULTS=
	options=${TORTURE_FAULTS:+ FAULTS=$TORTURE_FAULTS}${LANES:+ LANES=$LANES}
	one_run
	# where the seed is as good as any other
	for _ in 1 2; do
		if [ "$crashed" = 0 ] || [ -n "${SEED:-}" ]; then
			break
		fi
		msg "QEMU itself crashed with seed $TORTURE_SEED, in each attempt:" \
			"another seed"
		TORTURE_SEED=$(fresh_seed)
		one_run
	done
	[ "$code" -le "$gravest" ] || gravest=$code
	if [ "$code" = 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed, $skipped skipped"
exit "$gravest"
