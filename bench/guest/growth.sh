#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: commands wait for a path in growing numbers, and the time is taken
# until all have been answered once it is there, beside that of as many commands
# that need not wait. Prints lines "# growth": what grows, how far, commands, ms
# without waiting, ms with waiting, and ms until block I/O that waited beside them
# was answered. "held" are writes that a delayed retry holds, until that is off.
#
# On a kernel with lock statistics, lines "# lock" instead: commands, and how often
# and for how many us at most head->requeue_lock was held meanwhile.
# timeout: 600
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/../../tools/testing/selftests/nvme-mpath
# shellcheck source=lib.sh
. ./lib.sh

heads=64
# block reads that wait on the same head
beside=64

options=()

# loads <name> <commands each> <head>...: a load on each, with $options; sets $pids
loads()
{
	local name=$1 n=$2 h

	shift 2
	pids=()
	for h in "$@"; do
		./bench/nvme_load "${options[@]}" --name "$name" -q "$n" -n "$n" -b 512 -t 200 \
			--nsid "$(cat "/sys/block/$h/nsid")" "/dev/ng${h#nvme}" \
			>"$tmp/$name.$h" 2>&1 &
		pids+=($!)
	done
}

# first <name>, last <name>: when the first command of these loads was sent, and the
# last answer came, in ms of the clock
first()
{
	cat "$tmp/$1".* | awk -F, '$1 == "# sum" && (!first || $7 + 0 < first) {
		first = $7 + 0 } END { printf "%d\n", first }'
}

last()
{
	cat "$tmp/$1".* | awk -F, '$1 == "# sum" && $8 + 0 > last { last = $8 + 0 }
		END { printf "%d\n", last }'
}

# start_clock: sets $start by the clock of the loads, in ms, without a process
start_clock()
{
	read -r start _ </proc/uptime
	start=${start/./}0
}

# wait_all <what>: each of $pids succeeds
wait_all()
{
	local p

	for p in "${pids[@]}"; do
		wait "$p" || give_up "$1 failed (exit code $?): $(grep -h \
			-e '^# sum' -e error "$tmp"/*.nvme* | tr '\n' ' ')"
	done
}

parked_are()
{
	local n=$1

	shift
	[ "$(sum_counts parked "$@")" -eq "$n" ]
}

locks=/proc/lock_stat

# lock <commands>: since $locks was emptied
lock()
{
	awk -v n="$1" '$1 == "&head->requeue_lock:" {
		print "# lock," n "," $9 "," $11 }' $locks
}

# measure <what> <how far> <commands each> <head>...
measure()
{
	local what=$1 far=$2 n=$3 start free waited block

	shift 3
	loads free "$n" "$@"
	wait_all "$what $far, without a fault,"
	free=$(($(last free) - $(first free)))

	# and stays so: a controller whose state changes for long is reset
	ana inaccessible
	must 10 "no usable path" ana_seen inaccessible
	sleep 0.5
	[ ! -e $locks ] || echo 0 >$locks
	loads waited "$n" "$@"
	must 120 "$what $far: all wait" parked_are $((n * $#)) "$@"
	./bench/nvme_load --name beside -q $beside -n $beside -b 512 -t 200 \
		"/dev/$1" >"$tmp/beside.$1" 2>&1 &
	beside_pid=$!
	must 20 "the block load" grep -q ready "$tmp/beside.$1"
	start_clock
	ana optimized
	wait_all "$what $far, having waited,"
	# 1: block I/O that has waited may be told EAGAIN; it is sent again
	wait $beside_pid
	[ $? -le 1 ] || give_up "block I/O beside $what $far"
	waited=$(($(last waited) - start))
	block=$(($(last beside) - start))
	if [ -e $locks ]; then
		lock "$n"
	else
		echo "# growth,$what,$far,$((n * $#)),$free,$waited,$block"
	fi
	rm -f "$tmp"/free.* "$tmp"/waited.* "$tmp"/beside.*
}

all_held()
{
	reset_all
	wait_for 2 count_is held "$1" >/dev/null
}

# measure_held <n>: writes that are all lost in flight, some at each reset
measure_held()
{
	local n=$1 start free waited

	options=(--write)
	loads free "$n" "$head"
	wait_all "$n writes, without a fault,"
	free=$(($(last free) - $(first free)))

	delayed_retry 3600000
	hold
	loads waited "$n" "$head"
	must 200 "$n writes are held" all_held "$n"
	release
	start_clock
	delayed_retry off
	wait_all "$n writes, having been held,"
	waited=$(($(last waited) - start))
	echo "# growth,held,$n,$n,$free,$waited,-"
	options=()
	rm -f "$tmp"/free.* "$tmp"/waited.*
}

begin 0
[ -e "$(echo /sys/block/nvme*n1/passthru_parked | cut -d ' ' -f 1)" ] ||
	skip_all "a kernel without the series: nothing waits"
nvmet_up 2 0
steps='1 16 256 4096 65536'
# more of them take a lockdep kernel that counts instructions a quarter of an hour
[ ! -e $locks ] || steps='1 16 256 4096'
for n in $steps; do
	measure commands "$n" "$n" "$head"
done
[ ! -e $locks ] || finish

# more heads: namespaces with the same backend
for n in $(seq 2 $heads); do
	nvmet_ns_up "$n" "$(printf '2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e%02x' "$n")"
done

has_heads()
{
	local s=("$subsys"/nvme*n*)

	[ "${#s[@]}" -ge "$1" ]
}
must 30 "$heads heads" has_heads $heads
mapfile -t all < <(cd "$subsys" && printf '%s\n' nvme*n* |
	grep -E '^nvme[0-9]+n[0-9]+$' | sort -V)
for n in 1 4 16 64; do
	measure heads $n 64 "${all[@]:0:n}"
done

for n in 1 4 16; do
	run_exit_commands_keep_tmp
	must 20 "no head" subsys_gone
	nvmet_up $n 0
	measure paths $n 1024 "$head"
done

run_exit_commands_keep_tmp
must 20 "no head" subsys_gone
nvmet_up 2 0 -l 600 -Q 1024
for n in 1 16 256 4096 65536; do
	measure_held $n
done
finish
