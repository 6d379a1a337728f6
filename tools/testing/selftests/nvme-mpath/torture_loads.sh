# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # torture.sh sources lib.sh and matrix.sh first
#
# The loads of torture.sh. A lane is a process that starts one load after the other,
# each with options and an end of its own. Both depend on the seed, the number of the
# lane and that of the load only. The oracle is here as well: judge().

# rnd_from <number>...: begin a sequence; the same seed and numbers give the same one
rnd_from()
{
	local n

	rnd_state=$((SEED + 0x9e3779b97f4a7c1))
	for n in "$@"; do
		rnd_state=$(((rnd_state ^ (n + 1)) * 0x100000001b3))
		rnd_state=$((rnd_state ^ (rnd_state >> 29 & 0x7ffffffff)))
	done
	[ "$rnd_state" -ne 0 ] || rnd_state=1
	rnd 1 && rnd 1
}

# rnd <n>: sets $r to one of 0..n-1
rnd()
{
	rnd_state=$((rnd_state ^ rnd_state << 13))
	rnd_state=$((rnd_state ^ (rnd_state >> 7 & 0x1ffffffffffffff)))
	rnd_state=$((rnd_state ^ rnd_state << 17))
	r=$(((rnd_state >> 11 & 0x1fffffffffffff) % $1))
}

# pick <word>...: sets $picked to one of them
pick()
{
	rnd $#
	shift "$r"
	picked=$1
}

# pause <ms>: a moment of a random history. No result depends on it.
pause()
{
	read -rt "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))" <&8
}

# What a load may be sent to: heads, and the node of the one path of another controller.
targets=(tcp{,,,} sized path zoned pcie{,} meta pzoned)

# name:options, beside the modes and kinds of matrix.sh. Not fsync,link: a command that
# fails would take the fsync behind it along. spin is there thrice: with the others a
# retry seldom comes on return from an interrupt. drops and raises are the rights of
# rights_02, on a file for reading: root sends and nobody waits, and the reverse.
more_modes=(
	"person:--mode person"
	"fsync:--mode fsync"
	"fsyncdrain:--mode fsync,drain"
	"linktmo:--link-timeout 3000"
	"hardlink:--mode hardlink"
	"skip:--mode skip"
	"rings:--rings 2"
	"thread:--mode thread"
	"spin:--mode spin"
	"spin:--mode spin"
	"spin:--mode spin"
)
more_kinds=(
	"read:1:-o read"
	"cloned:1:-o rw --cloned"
	"reuse:1:-o rw --reuse-iovecs"
	"bouncevec:1:-o rw --vectored --buffer-offset 1"
	"io:1:-o rw --engine io"
	"io64:1:-o rw --engine io64"
	"iovec:1:-o rw --engine vec"
	"submit:1:-o rw --engine submit"
	"vendor:1:--opcode 0xc1 -n 200"
	"vendorio:1:--opcode 0xc1 -n 200 --engine io64"
	"expire:1:-o rw --timeout $((500 + 40 * SLOW))"
	"expireio:1:-o rw --engine io64 --timeout $((500 + 40 * SLOW))"
	"fused:1:-o fused -n 400"
	"drops:1:-o write --read-only --send-as root"
	"raises:1:-o write --read-only --send-as nobody"
	"raises:1:-o write --read-only --send-as nobody"
	"count:2:-o count -b 1024 --zone 2048"
)

# refused_here <name>: torture.sh has asked the kernel before the first fault
refused_here()
{
	[ -e "$tmp/not.$1" ]
}

is_polled()
{
	[[ $1 == *iopoll* || $1 == *hybrid* ]]
}

# answers_at_once <kind>: many such commands would leave no CPU to the others
answers_at_once()
{
	[[ $1 =~ ^(vendor.*|flush|fused|raises)$ ]]
}

# choose_target: sets $target. A zone is used once: a late copy of an append of a
# load that was killed must not get into that of another one.
choose_target()
{
	local n

	pick "${targets[@]}"
	target=$picked
	case $target in
	zoned) n=$((zones_zoned / lanes)) ;;
	pzoned) n=$((zones_pzoned / lanes)) ;;
	*) return ;;
	esac
	if [ "${used[$target]:-0}" -ge "$n" ]; then
		target=tcp
		return
	fi
	zone=$((lane * n + ${used[$target]:-0}))
	used[$target]=$((${used[$target]:-0} + 1))
}

# choose_kind: sets $kind and adds its options
choose_kind()
{
	local k all=() name nsid opts like=${target_nsid[$target]}

	# it is no namespace of its kind, but one that is resized
	[ "$target" != sized ] || like=1
	for k in "${kinds[@]}" "${more_kinds[@]}"; do
		IFS=: read -r name nsid opts <<<"$k"
		[ "$nsid" = "$like" ] || continue
		# append fills its zones; QEMU 7.2 crashes if a controller goes
		# while it flushes
		[[ $name != append && ! $target:$name =~ ^p(cie|ath):(flush|expire) ]] ||
			continue
		all+=("$name|$opts")
	done
	pick "${all[@]}"
	kind=${picked%%|*}
	! refused_here "$kind" || {
		kind=rw picked="rw|-o rw"
	}
	# shellcheck disable=SC2206
	options+=(${picked#*|})
}

# choose_mode: of the ring; one lane may have rings that keep a CPU busy
choose_mode()
{
	local m all=()

	mode=none
	[[ ${options[*]} != *--engine* ]] || return
	for m in "${modes[@]}" "${more_modes[@]}"; do
		[ "$lane" = 0 ] || ! { is_polled "$m" || [ "${m%%:*}" = spin ]; } ||
			continue
		all+=("$m")
	done
	pick "${all[@]}"
	# every other one by a child, which is there to send again until the next batch
	# the iovecs of a child are its own
	[[ $picked != thread:* || $kind = reuse || $((k % 2)) = 0 ]] ||
		picked="fork:--mode fork"
	mode=${picked%%:*}
	! refused_here "$mode" || mode=plain picked=plain:
	# its array may only be reused once it was issued, which for these comes later
	[[ $kind != reuse || ! $mode =~ ^(async|(hard)?link|drain|fsync.*)$ ]] ||
		mode=plain picked=plain:
	# the rights of a command in a chain are those of the moment that its turn
	# comes; a personality, and the thread of SQPOLL, have their own
	[[ ! $kind:$mode =~ ^(drops:(hard)?link|raises:((hard)?link|person|sq.*))$ ]] ||
		mode=plain picked=plain:
	# a no-op does not say where, nor whether a status was an error
	[[ $mode != skip || ! $kind =~ ^(append|count|raises|fused)$ ]] ||
		mode=plain picked=plain:
	# shellcheck disable=SC2206
	options+=(${picked#*:})
	rnd 6
	case $r in
	0) options+=(--mode file) ;;
	# that knows its ring by the task
	1) [[ $mode =~ ^(thread|fork)$ ]] || options+=(--mode ring) ;;
	esac
	choose_mixture
}

# choose_mixture: what ends before its commands may also have chains, leave commands to
# io-wq, or be on a ring that somebody else polls
choose_mixture()
{
	local all=(link drain async) with

	[[ $mode =~ ^(thread|fork)$ && ! $kind =~ ^(reuse|drops|raises|append|count)$ ]] ||
		return 0
	[ "$lane" != 0 ] || refused_here iopoll || all+=(iopoll)
	# half of them are as they are
	with=${all[k / 2 % (2 * ${#all[@]})]:-}
	[ -n "$with" ] || return 0
	mode+=-$with
	options+=(--mode "$with")
}

# choose_end: sets $end: how the load ends, or what happens to it before
choose_end()
{
	local all=(run{,,,,,} term{,} stop{,})

	if [ "$kind" != count ]; then
		all+=(kill{,,})
		[ "$mode" = none ] || all+=(exit exec close{,})
	fi
	[ "$mode" = none ] ||
		all+=(cancel{,-fd,-all,-sync})
	# that would cancel the fsyncs as well
	[[ $mode == none || $mode == fsync* ]] || all+=(cancel-any)
	[[ $mode == none || ! $kind =~ ^((bounce)?vec|rw|bounce|pages|tmo)$ ]] ||
		all+=(unmap{,,})
	pick "${all[@]}"
	end=$picked
	# A ring that polls waits in cancel-sync for what only polling completes. If
	# io_uring is not that of the series, such a ring may not end either: see
	# test_exit_04.sh.
	if is_polled "$mode" && [[ $end == cancel-sync ||
		(-z $io_uring_is_ours && $end =~ ^(kill|exit|exec|close)$) ]]; then
		end=run
	fi
	# what the child has is not the parent's to close, to unmap, or to cancel
	[[ $mode != fork* || ! $end =~ ^(close|unmap|cancel) ]] || end=run
	case $end in
	exit | exec | close | unmap | cancel*) options+=(--on-usr2 "$end") ;;
	esac
	rnd 1500
	end_ms=$(((200 + r) * stretch))
}

# A slow machine needs so much longer to meet a fault.
stretch=$((1 + SLOW / 4))

# choose_load: all that the seed decides
choose_load()
{
	rnd_from 1 "$lane" "$k"
	options=() flags=none
	choose_target
	choose_kind
	choose_mode
	pick 1 4 8 16{,}
	# one expiry at a time: each resets a controller
	[[ $kind != expire* ]] && ! answers_at_once "$kind" || picked=1
	options+=(-q "$picked")
	pick none{,,,,,} failfast failover
	if [ "$mode" != none ] && [[ ! $kind =~ ^(count|vendor.*|fused)$ ]]; then
		flags=$picked
		[ "$flags" = none ] || options+=(--flags "$flags")
	fi
	rnd 4
	short=
	[[ $r != 0 || ! $target =~ ^(tcp|sized)$ ||
		! -e $FAILURES/failslab/require-start ]] || short=1
	rnd 2
	seconds=$(((1 + r) * stretch))
	rnd 100
	if [ "$kind" = count ]; then
		# a zone has room for 1024
		options+=(-n $((200 + r)))
		options+=(--first-lba $((zone * 2048)))
	else
		options+=(--first-lba $((lane * 15000 + k % 29 * 512)))
	fi
	choose_end
	[[ $end =~ ^(run|stop|unmap|cancel.*)$ ]] || seconds=60
	options+=(-t "$seconds")
	options+=(--nsid "${target_nsid[$target]}" --patience 900 --history
		--seed $(((k * lanes + lane) % 65535 + 1)))
	# a PCIe controller is disabled before a command goes elsewhere, and an append
	# overwrites nothing
	[[ ! $target =~ ^(tcp|sized)$ ]] || options+=(--late-copies)
	# another 6.12 reads those of chains when their turn comes
	[ -z "$io_uring_is_ours" ] || options+=(--reuse-sqes)
}

# Between two loads a lane starts no process that it can do without: on a debug kernel
# each takes longer than a command.

# words_since <policies|waits> <line>: sets $words, those that the head has had since
# that line of its history
words_since()
{
	local h w

	mapfile -t -s $(($2 - 1)) h <"$tmp/$1.$target"
	words=()
	for w in "${h[@]}"; do
		[ "$w" = "done" ] || [[ " ${words[*]} " == *" $w "* ]] || words+=("$w")
	done
}

# line_now <policies|waits>: sets $line, that of the history from which on its words
# count. The actor writes down a word, sets it, and writes down that it has done so.
line_now()
{
	local h

	mapfile -t h <"$tmp/$1.$target"
	line=$((${#h[@]} - 1))
	[ "${h[-1]}" = "done" ] || line=$((line - 1))
}

# is_unprotected: no policy covered some commands of the load, or none of them
is_unprotected()
{
	local words

	# whatever its flags say
	[ "$target" != path ] || return 0
	case $flags in
	failover) return 1 ;;
	failfast) return 0 ;;
	esac
	words_since policies "$since"
	[[ " ${words[*]} " == *" none "* ]]
}

# may_bounce: its data may go through memory of the kernel
may_bounce()
{
	[[ ${options[*]} =~ --(vectored|reuse|engine\ vec|buffer-offset\ 1) ]]
}

# explained: sets $patterns, of the results that the policies which the head had, and
# the options of the load explain. The faults always leave a path that is available.
# This is the one place that says which errors are right.
explained()
{
	local p broken_chain='' bounded=''

	patterns=()
	words_since waits "$since_wait"
	for p in "${words[@]}"; do
		[ "$p" = 0 ] || bounded=1
	done
	if is_unprotected; then
		# cancelled by the host; the queue went; parked before; aborted
		patterns+=(-4 -11 -19 -5 '0x3??' '0x23??' '0x43??' '0x63??' 0x8)
		# no path
		[ "$target" = path ] || patterns+=(-22)
		broken_chain=1
	fi
	if [[ $kind =~ ^(count|vendor.*)$ ]]; then
		# it must not be sent again
		patterns+=('0x3??' '0x23??' 0x8)
		broken_chain=1
	fi
	if [[ $kind == expire* ]]; then
		# a transport that is resetting says 0x371
		patterns+=(-4 0x371)
		broken_chain=1
	fi
	if [ -n "$bounded" ]; then
		patterns+=(-62)
		broken_chain=1
	fi
	if [ -n "$short" ] && [ -e "$tmp/was_short" ]; then
		patterns+=(-12)
		# where data or a command is copied, or a child has new pages
		[[ $mode =~ ^(none|fork) ]] || may_bounce && patterns+=(-14)
		broken_chain=1
	fi
	if [ "$kind" = fused ]; then
		patterns+=(-22)
		broken_chain=1
	fi
	if [ "$kind" = raises ]; then
		# nothing else explains it: what drops sends root may write
		patterns+=(-13)
		broken_chain=1
	fi
	if [[ $kind == vendor* ]]; then
		# the controllers do not know the opcode
		patterns+=(0x1 0x2001 0x4001 0x6001)
		broken_chain=1
	fi
	if [[ $mode =~ ^(thread|fork) ]]; then
		# nobody is there to send it again, to copy what bounced, or, if it was
		# killed, to look for its pages in io-wq
		patterns+=(-125)
		[[ $mode != fork* ]] && ! may_bounce || patterns+=(-4)
		# what io_uring says when its turn comes after its thread has ended
		[[ ! $mode =~ -(link|drain) ]] || patterns+=(-14)
	fi
	if [ "$mode" = linktmo ] || [[ $end == cancel* ]]; then
		patterns+=(-125)
	elif [ -n "$broken_chain" ] && [ "$mode" = link ]; then
		patterns+=(-125)
	fi
}

# unexplained: sets $errors, those of the load that nothing explains
unexplained()
{
	local e p ok

	explained
	errors=
	for e in "${!counts[@]}"; do
		ok=
		for p in "${patterns[@]}"; do
			# shellcheck disable=SC2053 # patterns
			[[ $e != $p ]] || ok=1
		done
		[ -n "$ok" ] || errors+="$e:${counts[$e]} "
	done
}

# read_account: sets $account, the last line of the load's output
read_account()
{
	local lines

	mapfile -t lines <"$log"
	account=
	[ ${#lines[@]} -eq 0 ] || account=${lines[-1]}
}

# load_value <key>: sets $value, of the account
load_value()
{
	local word

	value=
	for word in $account; do
		[ "${word%%=*}" != "$1" ] || value=${word#*=}
	done
}

# read_errors: sets $counts, how many commands have met each error
read_errors()
{
	local e all

	load_value errors
	IFS=, read -ra all <<<"$value"
	counts=()
	for e in "${all[@]}"; do
		counts[${e%:*}]=${e#*:}
	done
}

# violation <class> <text>...: a class is a check of torture.sh. The lane's own, or
# that of the actor, which has none.
violation()
{
	local class=$1

	shift
	{
		echo "VIOLATION ($class): seed $SEED, ${lane:+lane $lane, load $k: }$*"
		if [ -n "${lane:-}" ]; then
			echo "target $target, kind $kind, mode $mode, flags $flags,"
			echo "end $end after $end_ms ms"
			words_since policies "$since"
			echo "policies: ${words[*]}"
			words_since waits "$since_wait"
			echo "wait_secs: ${words[*]}"
			[ -z "$short" ] || echo "may lack memory"
			echo "nvme_mpath_io ${options[*]} ${target_ng[$target]}"
			grep ^history "$log" | tail -n 100
			tail -n 2 "$log"
			echo "the last events of failover:"
			tail -n 40 "$record/trace"
		fi
		echo "the last actions:"
		tail -n 20 "$tmp/actions"
	} | sed 's/^/# /' | tee -a "$tmp/bad.$class"
	touch "$tmp/stop"
}

# sum_of <counter>...: sets $sum, of the head
sum_of()
{
	local c

	sum=0
	for c in "$@"; do
		value_of "/sys/block/${target_head[$target]:-none}/passthru_$c" 0
		sum=$((sum + value))
	done
}

# note_resends: sets $resends, how many commands of the head were, or will be, sent
# again, and $parks, how many have waited for a path
note_resends()
{
	local sum

	sum_of failed_over held_total
	resends=$sum
	sum_of parked_total
	parks=$sum
}

# stale_is_explained <n>: each of n reads has met a copy of a write that was executed
# late: of one that failed, or has gone to another path as well
stale_is_explained()
{
	note_resends
	load_value failed
	[ "$1" -le $((value + resends - since_resends)) ]
}

# cancels_are_explained: a command that ends with who has sent it was lost, or waited.
# That of io-wq may be too late to wait, and what may not be sent again is not counted.
cancels_are_explained()
{
	[[ $mode =~ ^(thread|fork)$ && $end != cancel* ]] || return 0
	[[ ! $kind =~ ^(count|vendor.*)$ ]] && ! is_unprotected || return 0
	note_resends
	[ "${counts[-125]:-0}" -le $((16 + resends - since_resends + parks - since_parks)) ]
}

# rereads_array: only a command that is covered keeps its array of iovecs; another one
# reads that again if io-wq has to issue it
rereads_array()
{
	[ "$kind" = reuse ] && is_unprotected
}

# judge: a load that has ended by itself, with $code
judge()
{
	local errors patterns words value
	local -A counts

	read_account
	case $code in
	0 | 1) ;;
	2) violation run "it could not run" ;;
	3)
		load_value mismatch
		[ "$value" = 0 ] || rereads_array ||
			violation data "wrong data, or not where it was answered"
		load_value pending
		[ "$value" = 0 ] || violation answers "a command was not answered"
		load_value stray
		[ "$value" = 0 ] || violation answers "an answer belongs to no command"
		;;
	*) violation run "it ended with code $code" ;;
	esac
	[ "$code" -ne 2 ] && [ "$code" -le 3 ] || return
	read_errors
	unexplained
	[ -z "$errors" ] || violation errors "not explained: $errors"
	cancels_are_explained ||
		violation errors "more are cancelled than were lost or waited"
	load_value stale
	[ "$value" = 0 ] || stale_is_explained "$value" ||
		violation data "old data, more often than writes went to two paths"
	load_value went_on
	[ "$value" = 0 ] || is_unprotected ||
		violation answers "a chain went on behind a path error"
	load_value ok
	[[ ! $kind =~ ^(fused|raises)$ ]] || [ "$value" = 0 ] ||
		violation errors "$kind: commands were executed: $value"
	if [ "$kind" = count ] && ! grep -q ' twice=0 ' "$log"; then
		violation twice "an append was executed twice: $(grep twice= "$log")"
	fi
}

# says <text>: a line of the load's output begins with it; unlike grep this takes no
# process, of which the guest has few to spare
says()
{
	local line

	while read -r line; do
		[[ $line != $1* ]] || return 0
	done 2>/dev/null <"$log"
	return 1
}

# load_ended: the same as ended, without a process
load_ended()
{
	local state=Z

	read -r _ _ state _ 2>/dev/null <"/proc/$pid/stat"
	[ "$state" = Z ]
}

# take_end <signal> [word]: the end without an account: the process dies, or says the
# word, in time
take_end()
{
	local start took=''

	start=$(ms)
	kill "-$1" "$pid" 2>/dev/null
	if [ $# -gt 1 ]; then
		until says "$2" || load_ended; do
			[ $(($(ms) - start)) -lt $((30000 * SLOW)) ] || break
			pause 100
		done
		took=$(($(ms) - start))
		kill -KILL "$pid" 2>/dev/null
	fi
	wait "$pid" 2>/dev/null
	code=$?
	: "${took:=$(($(ms) - start))}"
	echo "$end $took" >>"$tmp/ends.$lane"
	[ "$took" -lt $((30000 * SLOW)) ] ||
		violation ends "it took $took ms to end by $end"
	[[ $mode != fork* ]] || wait_for 30 no_orphans ||
		violation ends "a child that has sent commands did not end"
	# it had an end of its own before
	! says sent= || judge
}

# no_orphans: no child of a load that has ended
no_orphans()
{
	local f name state parent

	for f in /proc/[0-9]*/stat; do
		read -r _ name state parent _ <"$f" || continue
		[[ $name != "(nvme_mpath_io)" || $parent != 1 || $state = Z ]] || return
	done 2>/dev/null
}

# end_load: what $end says, and the verdict
end_load()
{
	case $end in
	kill) take_end KILL ;;
	exit | exec) take_end USR2 ;;
	close) take_end USR2 closed ;;
	*)
		case $end in
		term) kill -TERM "$pid" ;;
		stop)
			kill -STOP "$pid"
			pause 1000
			kill -CONT "$pid"
			;;
		unmap | cancel*) kill -USR2 "$pid" ;;
		esac 2>/dev/null
		wait "$pid" 2>/dev/null
		code=$?
		judge
		echo "$target $kind $mode $end $account" >>"$tmp/accounts.$lane"
		;;
	esac
}

# make_load_fail: its threads are those that break_short makes lack memory
make_load_fail()
{
	local t

	for t in "/proc/$pid/task"/*/make-it-fail; do
		echo 1 >"$t"
	done 2>/dev/null
}

# run_load: one, from its start to the verdict
run_load()
{
	note_resends
	since_resends=$resends since_parks=$parks
	log=$tmp/load.$lane
	# of the last load: this one may be slow to say that it is ready
	: >"$log"
	line_now policies
	since=$line
	line_now waits
	since_wait=$line
	echo "$target/$kind/$mode/$flags/$end: ${options[*]}" >"$tmp/lane.$lane.what"
	./nvme_mpath_io "${options[@]}" "${target_ng[$target]}" >"$log" 2>&1 &
	pid=$!
	echo "$pid" >"$tmp/lane.$lane.pid"
	echo "$k" >"$tmp/lane.$lane.started"
	# before that a signal would kill it
	until says ready || load_ended; do
		pause 50
	done
	[ -z "$short" ] || make_load_fail
	[ "$end" = run ] || pause "$end_ms"
	end_load
	echo "$k" >"$tmp/lane.$lane.ended"
}

# lane <n>: loads, one after the other, until the end
lane()
{
	local lane=$1 k=0 target='' kind mode end end_ms flags options pid code log since
	local since_wait since_resends resends since_parks parks short line account
	local rnd_state r picked zone seconds
	local -A used=()

	while [ ! -e "$tmp/stop" ]; do
		k=$((k + 1))
		choose_load
		run_load
	done
}
