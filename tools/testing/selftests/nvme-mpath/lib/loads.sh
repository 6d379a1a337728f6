# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# Loads. $io is the pid of the current one, $io_log its output.

declare -A io_logs
io_count=0
io_next=0

# io_place [nvme_mpath_io option]...: sets $io_first, the first of blocks that no
# earlier load has, until the 60 MiB that all namespaces have are used up
io_place()
{
	local depth=16 bytes=4096 zone=0 size

	while [ $# -gt 1 ]; do
		case $1 in
		-q | --depth) depth=$2 ;;
		-b | --bytes) bytes=$2 ;;
		--zone) zone=$2 ;;
		esac
		shift
	done
	size=$((depth * (zone ? zone : bytes / 512)))
	[ "$zone" = 0 ] ||
		io_next=$(((io_next + zone - 1) / zone * zone))
	[ $((io_next + size)) -le $((60 << 11)) ] || io_next=0
	io_first=$io_next
	io_next=$((io_next + size))
}

# io_start [nvme_mpath_io option]... <node>: sets $io. Each load has blocks and
# data of its own; options of the caller win.
io_start()
{
	io_place "$@"
	io_run ./nvme_mpath_io --nsid 1 --seed $((io_count + 1)) \
		--first-lba "$io_first" --patience $((30 * SLOW)) "$@"
}

# io_run <program> [argument]...: in the background, until it says that it is ready;
# sets $io and $io_log
io_run()
{
	io_log=$tmp/io.$((++io_count))
	# not only once it runs: a subshell may have had that number, and was ready
	: >"$io_log"
	"$@" >"$io_log" 2>&1 &
	io=$!
	io_logs[$io]=$io_log
	at_exit "kill -9 $io"
	# before that a signal would kill it
	wait_for 20 grep -q ready "$io_log" || give_up "$(cat "$io_log")"
}

# io_use <pid>: an earlier load is the current one again
io_use()
{
	io=$1
	io_log=${io_logs[$1]}
}

# parked_load <n> [nvme_mpath_io option]... <node>: a load of n commands that wait
# for a path
parked_load()
{
	local n=$1

	shift
	io_start -n "$n" -q "$n" "$@"
	must 10 "$n commands that wait" io_stuck "$n"
}

# io_report: the load prints its account so far
io_report()
{
	local n

	n=$(wc -l <"$io_log")
	kill -USR1 "$io" 2>/dev/null || return
	wait_for 20 io_log_grew "$n"
}

io_log_grew()
{
	[ "$(wc -l <"$io_log")" -gt "$1" ]
}

# io_value <key>: from the last account
io_value()
{
	tail -n 1 "$io_log" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

io_pending()
{
	io_report && [ "$(io_value pending)" -eq "$1" ]
}

# io_stuck <n>: n commands are unanswered now, and still are half a second later
io_stuck()
{
	local answered

	io_pending "$1" || return
	answered=$(io_value "done")
	sleep 0.5
	io_pending "$1" && [ "$(io_value "done")" = "$answered" ]
}

# io_busy: commands have been answered
io_busy()
{
	io_report && [ "$(io_value "done")" -gt 0 ]
}

# io_moves: commands are being answered right now
io_moves()
{
	local answered

	io_report || return
	answered=$(io_value "done")
	sleep 0.2
	io_report && [ "$(io_value "done")" -gt "$answered" ]
}

# all_move <seconds> <pid>...: each of these loads gets answers in that time. One after
# the other: on a busy machine seldom all do in the same moment.
all_move()
{
	local seconds=$1 pid

	shift
	for pid in "$@"; do
		io_use "$pid"
		wait_for "$seconds" io_moves || return
	done
}

# io_wait: until it has ended; prints its account, returns its verdict
io_wait()
{
	wait "$io"
	io_status=$?
	ktap_print_msg "$(tail -n 1 "$io_log")"
	return "$io_status"
}

# io_stop: send no more, wait for the answers, return the verdict
io_stop()
{
	kill -TERM "$io"
	io_wait
}

# io_errors_only <res>...: the errors of the last account are of these kinds
io_errors_only()
{
	local e

	# an account without "sent" is none
	[ -n "$(io_value sent)" ] || return
	for e in $(io_value errors | tr ',' ' '); do
		case " $* " in
		*" ${e%:*} "*) ;;
		*) return 1 ;;
		esac
	done
}

# io_end <signal> <action of --on-usr2>: end the process, or close its ring; both
# need no path. Sets $took, in ms.
io_end()
{
	local start status=0

	start=$(ms)
	kill "-$1" "$io"
	if [ "$2" = close ]; then
		wait_for 15 grep -q closed "$io_log" || status=1
	else
		wait_for 15 ended "$io" || status=1
	fi
	# shellcheck disable=SC2034 # for the caller
	took=$(($(ms) - start))
	kill -9 "$io" 2>/dev/null
	# a kernel that keeps the process must not hang the test
	! wait_for 5 ended "$io" || wait "$io" 2>/dev/null
	return $status
}

# pinned_pages: pages of user memory that the kernel uses for I/O now
pinned_pages()
{
	# adds up what the CPUs have counted
	cat /proc/sys/vm/stat_refresh
	awk '$1 == "nr_foll_pin_acquired" { n += $2 }
		$1 == "nr_foll_pin_released" { n -= $2 }
		END { print n + 0 }' /proc/vmstat
}

# check_works: after the faults of the test
check_works()
{
	io_start -n 100 -o rw "$ng"
	check "after the test's faults a load on the head succeeds" io_wait
}

# check_kinds: six checks, of commands of each kind, before any fault
check_kinds()
{
	local kind

	for kind in "-o rw" "-o rw --vectored" "-o rw --buffer-offset 1" \
		"-o flush" "-o rw --mode defer -q 64" "-o rw -b 65536 -q 4"; do
		# shellcheck disable=SC2086
		io_start -n 200 $kind "$ng"
		check "all 200 commands ($kind) succeed without a fault" io_wait
	done
}

# each_kind <command>: with a description, and options of nvme_mpath_io
each_kind()
{
	"$1" "read" -o read
	"$1" "write and read back" -o rw
	"$1" "vectored" -o rw --vectored
	"$1" "unaligned, bounced" -o rw --buffer-offset 1
	"$1" "flush, without data" -o flush
	"$1" "DEFER_TASKRUN" -o rw --mode defer
	"$1" "one at a time" -o rw -q 1
}

# block_io_moves: on $head, right now
block_io_moves()
{
	local before

	before=$(cat "/sys/block/$head/stat")
	sleep 0.2
	[ "$before" != "$(cat "/sys/block/$head/stat")" ]
}

# fio_stop <pid>: end it; true if the fio that logs to $tmp/fio has had no error
fio_stop()
{
	kill -INT "$1"
	wait "$1"
	grep -q '): err= 0: ' "$tmp/fio" || {
		tail -n 20 "$tmp/fio" | sed 's/^/# /'
		return 1
	}
}

# missing_page <node> <read|write> [vec] [one] [async] [ioctl]: a command that waits for
# a page until SIGUSR1 to $faulting
missing_page()
{
	[ -e /proc/sys/vm/unprivileged_userfaultfd ] ||
		skip_all "no userfaultfd (CONFIG_USERFAULTFD)"
	# or what the last one said is taken for its word
	: >"$tmp/fault"
	./nvme_mpath_fault "$@" >"$tmp/fault" 2>&1 &
	faulting=$!
	at_exit "kill -9 $faulting"
	must 10 "a page that is waited for" grep -q missing "$tmp/fault"
}

# taken_page <node> <read|write> [option]...: a command that is held in flight, and whose
# page was taken away meanwhile; sets $faulting
taken_page()
{
	hold
	# empties the trace
	trace_sent
	# or what the last one said is taken for its word
	: >"$tmp/fault"
	./nvme_mpath_fault "$@" retry >"$tmp/fault" 2>&1 &
	faulting=$!
	# without a word from the shell when it is killed
	disown "$faulting"
	at_exit "kill -9 $faulting"
	must 10 "a command in flight" sent 1
	no_trace_sent
	kill -USR1 "$faulting"
	must 10 "a page that is taken away" grep -q taken "$tmp/fault"
}
