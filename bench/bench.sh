#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measure the cost and the gain of the series in guests: tables, CSV files and
# pictures in out/results/<base>/<time>-bench.
#
# Usage: bench.sh <base> [cost|failover|growth]...
#
# cost      instructions per command when nothing fails, in three boots, to see how
#           well that repeats; bench/nvme_cost.c describes the count. Compared with
#           stock, and with the part of the series that is not about failover
# failover  the same faults for passthrough, block I/O, dm-multipath, and for an
#           application on a stock kernel that retries failed commands; for ioctls
#           on a head, and on dm-multipath, which the application sends again
#           when dm has probed the paths; and how long commands wait for a tag of
#           a path that is dead
# growth    parked commands: the time until all have been sent again, and the time
#           a lock is held for it
#
# KEEP=1 copies tables and pictures to bench/results/<base>, for the README; beside
# them stand the kernels of each part.
. "$(dirname "$0")/../scripts/lib.sh"

load_base "${1:-}"
shift
for part in "$@"; do
	check_word part "$part" cost failover growth
done
[ $# -gt 0 ] || set -- cost failover growth
for tool in gnuplot:gnuplot-nox dmsetup:dmsetup gcc:gcc awk:mawk; do
	need "${tool%:*}" "${tool#*:}"
done
here=$top/bench
kept=$here/results/$base
new_results bench
csv=$results/csv
mkdir -p "$csv"

# kernel stock|series|cleanup [debug]: sets vm_options, for a guest with that kernel, the
# tests, and the programs of this directory
kernel()
{
	local tests=$base_dir/bench kind=${2:-plain}

	prepare "$1" "$kind"
	rm -rf "$tests"
	mkdir -p "$tests"
	cp -a "$installed/." "$tests"
	cp -a "$here/guest" "$tests/nvme-mpath/bench"
	for tool in nvme_cost nvme_load; do
		gcc -O2 -Wall -Wextra -Werror -static "$here/$tool.c" -luring \
			-o "$tests/nvme-mpath/bench/$tool" ||
			die "$tool could not be built"
	done
	vm_options+=(-s "$tests" -k "$image" -p dmsetup)
	echo "$1 $kind: $(cat "$base_dir/$1/build-$kind/include/config/kernel.release"), \
$(git -C "$base_dir/$1" log -1 --format=%H)" >>"$results/kernels-$part.txt"
}

# guest <name> <script>: prints its measurements, as CSV. A drive of QEMU has been
# seen to lose a command: such a guest is booted again, once.
guest()
{
	local dir=$results/$1 try

	for try in 1 2; do
		! "$vm/run.sh" "${vm_options[@]}" -o "$dir" "bench/$2.sh" \
			>"$dir.tap" 2>&1 || break
		tail -n 30 "$dir.tap" >&2
		[ "$try" = 1 ] || die "$1 did not finish" "see $dir"
		msg "$1 did not finish: once more" >&2
	done
	tr -d '\r' <"$dir/$2/verdict" | sed -n 's/^# \([a-z]*,\)/\1/p'
}

# table <title> <file>: prints both
table()
{
	printf '\n%s\n\n' "$1"
	cat "$2"
}

# measure_cost <kernel> <boot>: its lines go to a file of their own. Time is slow
# there: a command that a drive has lost need not be waited for as long.
measure_cost()
{
	ACCEL=icount NVME_MPATH_APPEND=nvme_core.io_timeout=2 \
		guest "cost-$1-$2" cost | sed "s/^cost,/$2,/" \
		>"$csv/cost-$1-$2.csv"
}

# A boot has one CPU and time of its own, so two of them do not disturb each other.
cost()
{
	local run stock cleanup pid

	kernel stock
	stock=("${vm_options[@]}")
	kernel cleanup
	cleanup=("${vm_options[@]}")
	kernel series
	for run in 1 2 3; do
		msg "instructions per command, $base, boot $run of 3"
		(
			vm_options=("${stock[@]}")
			measure_cost stock $run
			vm_options=("${cleanup[@]}")
			measure_cost cleanup $run
		) &
		pid=$!
		measure_cost series $run
		wait $pid || exit
	done
	cat "$csv"/cost-*.csv >"$csv/cost.csv"
	awk -f "$here/median.awk" -f "$here/cost.awk" "$csv/cost.csv" \
		>"$results/cost.txt"
	table "Instructions per command, $base (median of three boots)" \
		"$results/cost.txt"
	# a table of other columns cannot be compared
	! grep -q 'over cleanup' "$kept/cost.txt" 2>/dev/null || {
		awk -f "$here/agree.awk" "$kept/cost.txt" "$results/cost.txt" \
			>"$results/cost-agrees.txt"
		table "How far that is from ${kept#"$top"/}/cost.txt" \
			"$results/cost-agrees.txt"
	}
}

failover()
{
	local name append

	for name in series stock dm; do
		append=''
		# stock warns of request-based dm on nvme-tcp: bench/guest/failover.sh
		[ "$name" != dm ] ||
			append="nvme_core.multipath=N panic_on_warn=0"
		# dm is a stock kernel, too
		[ "$name" = dm ] || kernel "$name"
		msg "faults: $base $name, some minutes"
		NVME_MPATH_APPEND=$append guest "failover-$name" failover \
			>"$csv/failover-$name.csv"
	done
	for name in series stock; do
		kernel "$name"
		msg "a dead path: $base $name, some minutes"
		guest "deadpath-$name" deadpath >"$csv/deadpath-$name.csv"
	done
	awk -f "$here/median.awk" -f "$here/failover.awk" \
		"$csv"/failover-{series,stock,dm}.csv \
		"$csv"/deadpath-{series,stock}.csv \
		>"$results/failover.txt"
	table "Longest gap between two answers, and time until the rate is back, $base" \
		"$results/failover.txt"
	for name in port ports ana; do
		plot "$name"
	done
}

# plot <fault>: completions per second through it, all contenders in one picture.
# Of the rounds the second: the first meets empty caches.
plot()
{
	local fault=$1 name lines='' out=$results/failover-$1

	for name in passthrough block dm-request dm-bio retry-at-once \
		retry-uevent; do
		awk -F, -v fault="$fault" -v name="$name" '
			$1 == "fault" && $3 == fault { round[++n] = $2 }
			$1 == "rate" && $2 == name { rate[++r] = $0 }
			END {
				for (i = 1; i <= r; i++) {
					split(rate[i], f, ",")
					if (f[3] == round[2])
						print f[4] / 1000, f[5]
				}
			}' "$csv"/failover-{series,stock,dm}.csv >"$out-$name.dat"
		[ -s "$out-$name.dat" ] || die "no rates of $name" "see $csv"
		lines+="${lines:+, }'$out-$name.dat' with lines lw 2 title '$name'"
	done
	gnuplot <<-EOF || die "gnuplot failed" "see $out-*.dat"
		set terminal svg size 900,420 background 'white'
		set output '$out.svg'
		set title '$base: reads per second, fault "$fault" at 0 s'
		set xlabel 'seconds'
		set yrange [0:*]
		set key outside right
		plot $lines
	EOF
	rm "$out"-*.dat
	echo "picture: ${out#"$top"/}.svg"
}

growth()
{
	kernel series
	msg "growth: $base series, some minutes"
	guest growth-series growth >"$csv/growth.csv"
	awk -F, '
	BEGIN {
		format = "%-9s %6s %9s %12s %12s %14s %12s\n"
		printf format, "what", "", "commands", "us each", "after a wait",
			"ratio", "block ms"
	}
	{
		free = $5 * 1000 / $4
		waited = $6 * 1000 / $4
		printf format, $2, $3, $4, sprintf("%.0f", free),
			sprintf("%.0f", waited),
			(free > 0 ? sprintf("%.2f", waited / free) : "-"), $7
	}' "$csv/growth.csv" >"$results/growth.txt"
	table "Commands that wait for a path: time until all are answered, $base" \
		"$results/growth.txt"

	# lock statistics cost time, but under icount that is instructions
	kernel series debug
	msg "locks: $base series, debug kernel, some minutes"
	ACCEL=icount guest growth-locks growth >"$csv/lock.csv"
	awk -F, '
	BEGIN {
		format = "%9s %8s %10s %12s\n"
		printf format, "commands", "held", "per cmd.", "longest us"
	}
	{ printf format, $2, $3, sprintf("%.2f", $3 / $2), $4 }
	' "$csv/lock.csv" >"$results/lock.txt"
	table "head->requeue_lock, held with interrupts off, debug kernel, 1000 instructions a us" \
		"$results/lock.txt"
}

for part in "$@"; do
	"$part"
done
[ -z "${KEEP:-}" ] || {
	mkdir -p "$kept"
	# of runs that had one for all parts
	rm -f "$kept/kernels.txt"
	for f in "$results"/*.txt "$results"/*.svg; do
		[ ! -e "$f" ] || cp "$f" "$kept"
	done
	echo "kept: ${kept#"$top"/}"
}
echo
echo "results: ${results#"$top"/}"
