#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The same fio loads without and with the series, on the char and on the block
# node of the same head, while its paths are lost: what became of them, as a
# table and as a picture. Usage: demo.sh <base> [distro|plain]
#
# distro: the distribution's kernel, once with its own NVMe modules and once with
# those of the series. It is the default for a base whose driver loads there.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"
. "$(dirname "$0")/distro.sh"

load_base "${1:-}"
kernel=${2:-}
if [ -z "$kernel" ]; then
	kernel=distro
	[ "${driver_alone:-0}" = 1 ] || {
		kernel=plain
		msg "the driver needs a patched io_uring on $base: KERNEL=plain," \
			"two kernels are built"
	}
fi
check_word KERNEL "$kernel" distro plain
start=$SECONDS

# cpu_time <pid>...: sets $all_cpus, $busy, and $theirs, that of these processes; in
# ticks
cpu_time()
{
	local user nice system idle iowait irq softirq steal p field

	read -r _ user nice system idle iowait irq softirq steal _ </proc/stat
	busy=$((user + nice + system + irq + softirq + steal))
	all_cpus=$((busy + idle + iowait))
	theirs=0
	for p in "$@"; do
		read -r field 2>/dev/null <"/proc/$p/stat" || continue
		# the name of the process has blanks
		read -ra field <<<"${field##*) }"
		theirs=$((theirs + field[11] + field[12]))
	done
}

# the processes of the VM with that verdict file
pids_of()
{
	grep -lse "path=[${1:0:1}]${1:1}" /proc/[0-9]*/cmdline |
		sed 's,/proc/\([0-9]*\)/.*,\1,'
}

live_line()
{
	[ ! -t 2 ] || printf '\r\033[K%s' "${1:+    $1}" >&2
}

# others_end <n>: of what the machine did during fault n, the part in percent that
# was not the VM
others_end()
{
	local busy_before=$busy all_before=$all_cpus theirs_before=$theirs others

	cpu_time "${pids[@]}"
	[ "$all_cpus" -gt "$all_before" ] || return 0
	others=$((100 * (busy - busy_before - theirs + theirs_before) /
		(all_cpus - all_before)))
	echo "$1,$((others > 0 ? others : 0))" >>"$results/$name.others"
}

# watch_vm <verdict>: until it is killed, names each fault when its loads begin; on
# a terminal, what they do per second
watch_vm()
{
	local verdict=$1 word n ms p b e now=0 old_ms old_p old_b pids=()
	local busy all_cpus theirs phase="the guest boots"

	while sleep 0.5; do
		# the last line may not be whole
		IFS=, read -r word n ms p b e < <(tail -n 2 "$verdict" \
			2>/dev/null | head -n 1 | tr -d '\r') || word='# boot'
		case $word in
		'# load' | '# live' | '# fault') ;;
		*)
			[ "$now" = 0 ] || others_end "$now"
			now=0
			live_line "$phase"
			continue
			;;
		esac
		if [ "$n" != "$now" ]; then
			[ "$now" = 0 ] || others_end "$now"
			now=$n
			phase="the paths come back"
			live_line
			sed -n "s/^# load,$n,/    /p" "$verdict" | tr -d '\r' >&2
			mapfile -t pids < <(pids_of "$verdict")
			cpu_time "${pids[@]}"
			old_ms=0 old_p=0 old_b=0
		fi
		if [ "$word" != '# live' ] || [ $((ms - old_ms)) -lt 900 ]; then
			continue
		fi
		live_line "$(printf \
			'%6d passthrough/s  %6d block I/O/s  %6d errors so far' \
			$(((p - old_p) * 1000 / (ms - old_ms))) \
			$(((b - old_b) * 1000 / (ms - old_ms))) "$e")"
		old_ms=$ms old_p=$p old_b=$b
	done
}

# keep_guest: what run_vm needs for $name
keep_guest()
{
	local -n guest=guest_$name

	# shellcheck disable=SC2034 # by its other name it is
	guest=("${vm_options[@]}" -s "$installed" -k "$image")
}

# run_vm: of $name
run_vm()
{
	local -n options=guest_$name
	local code=0 verdict=$results/$name/demo/verdict

	watch_vm "$verdict" &
	watcher=$!
	"$vm/run.sh" "${options[@]}" -o "$results/$name" vm/demo.sh \
		>"$results/$name.tap" 2>&1 || code=$?
	kill "$watcher"
	wait "$watcher" 2>/dev/null || :
	watcher=
	live_line
	[ "$code" -eq 0 ] || {
		cat "$results/$name.tap" >&2
		die "the $name VM did not finish the demo" "see $results"
	}
	tr -d '\r' <"$verdict" | sed -n "s/^# result,/$name,/p" \
		>>"$results/demo.csv"
	sed "s/^/$name,/" "$results/$name.others" >>"$results/others.csv"
}
watcher=
trap '[ -z "$watcher" ] || kill "$watcher"' EXIT
trap 'exit 130' INT TERM

# Both are built before either runs: the machine is to do the same beside both.
for name in stock series; do
	prepare "$name" "$kernel"
	keep_guest
done
built=$((SECONDS - start))
new_results demo
for name in stock series; do
	msg "$name ${kver:-$base} under load and faults, about a minute"
	run_vm
done

awk -F, -f "$top/scripts/demo-picture.awk" \
	-v fault="nvme-tcp: all paths in ANA change" \
	-v data="$results/picture.dat" "$results"/{stock,series}/demo/verdict \
	>"$results/picture.txt"
awk -F, -f "$top/scripts/demo-table.awk" "$results/others.csv" \
	<(LC_ALL=C sort -s -t, -k2,2n "$results/demo.csv") |
	tee "$results/table.txt" || {
	msg "the demo did not show what it is to show; see $results"
	exit 1
}
echo
cat "$results/picture.txt"
if command -v gnuplot >/dev/null; then
	(cd "$results" && gnuplot "$top/scripts/demo.gp") ||
		die "gnuplot could not draw $results/picture.dat"
	echo "picture: $results/picture.svg"
fi
echo "logs: $results"
echo "$((SECONDS - start)) s, of which $built s to build"
