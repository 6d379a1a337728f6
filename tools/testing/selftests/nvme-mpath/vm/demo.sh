#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: two fio loads on one head, through its char and its block node,
# while paths are lost. Prints lines of comma separated values, for each fault:
#   # load,<number>,<name>				the loads begin
#   # live,<number>,<ms>,<passthrough>,<block>,<errors>	ten times a second, since
#							that: commands that ended
#   # fault,<number>,<ms>				it happens
#   # result,<number>,<name>,<node>,<seconds>,<before>,<good>,<errors>,<gap>
#		for each node: how long the load ran, good commands in the second
#		before the fault, and in all, errors by kind, the longest time in ms
#		without a good one
# timeout: 240
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/.. source=lib.sh
. ./lib.sh

# the loads of each fault, in seconds, and in each ring
runtime=6 depth=16

# load <node> <fio option>...: sets $!. fio goes on after an errno; fio 3.33 ends
# when an NVMe status comes back as an error.
load()
{
	local node=$1

	shift
	# the process is named like the node: see count_completions
	ln -sf "$(command -v fio)" "$tmp/$node"
	"$tmp/$node" --name="$node" --rw=randread --bs=4k --iodepth="$depth" --size=16M \
		--time_based --runtime="$runtime" --continue_on_error=all \
		--ignore_error=EINVAL:EINTR:EIO:ENODEV:EAGAIN \
		--write_lat_log="$tmp/$node.log" \
		--output="$tmp/$node.out" "$@" >"$tmp/$node.err" 2>&1 &
}

# fio counts errors, but not by kind, and the same numbers mean something else for
# passthrough. The kernel does, in a trace instance for each kind; only the number of
# events counts. Those of the block load are not counted as errors there.
kinds=("EINVAL:res == -22" "EINTR:res == -4" "EIO:res == -5"
	"EAGAIN:res == -11"
	"path status:res >= 768 && res < 16384 && res != 4096"
	"other:res < 0 && res != -22 && res != -4 && res != -5 && res != -11 && res != -62"
	# not by kind: whether the loads run, and how fast
	"errors:(res < 0 && res != -62) || (res >= 768 && res < 16384 && res != 4096)"
	"passthrough:res == 0" "block:res == 4096")

count_completions()
{
	local k d filter

	for k in "${kinds[@]}"; do
		filter="(${k#*:})"
		[[ $k == passthrough:* || $k == block:* ]] ||
			filter+=' && comm != "block"'
		d="$TRACING/instances/${k%%:*}"
		rmdir "$d" 2>/dev/null
		mkdir "$d"
		echo 64 >"$d/buffer_size_kb"
		echo "$filter" >"$d/events/io_uring/io_uring_complete/filter"
		echo 1 >"$d/events/io_uring/io_uring_complete/enable"
	done
}

# completions <kind>: sets $n, without a process: counting must be no load
completions()
{
	local f key value

	n=0
	for f in "$TRACING/instances/$1"/per_cpu/cpu*/stats; do
		while read -r key value; do
			[[ $key != entries: && $key != overrun: ]] ||
				n=$((n + value))
		done <"$f"
	done
}

# loads_run: sets $before_passthrough and $before_block, the commands until now
loads_run()
{
	completions passthrough
	before_passthrough=$n
	completions block
	before_block=$n
	[ "$before_passthrough" -gt 9 ] && [ "$before_block" -gt 9 ]
}

# load_ms: sets $now, the time since the loads began
load_ms()
{
	now=$((${EPOCHREALTIME/./} / 1000 - load_start))
}

# print_live: until now, what became of the commands
print_live()
{
	local k line

	load_ms
	line="live,$faults,$now"
	for k in passthrough block errors; do
		completions "$k"
		line+=",$n"
	done
	ktap_print_msg "$line"
}

# keep_printing_live: until it is killed
keep_printing_live()
{
	while :; do
		print_live
		sleep 0.1
	done
}

# quiet_second: how many commands a load does when nothing happens
quiet_second()
{
	local from

	must 30 "the loads" loads_run
	load_ms
	from=$now
	sleep 1
	completions passthrough
	before_passthrough=$((n - before_passthrough))
	completions block
	before_block=$((n - before_block))
	load_ms
	before_passthrough=$((before_passthrough * 1000 / (now - from)))
	before_block=$((before_block * 1000 / (now - from)))
}

# errors_by_kind: "16 EINTR 400 EINVAL"
errors_by_kind()
{
	local k n sep=''

	for k in "${kinds[@]}"; do
		k=${k%%:*}
		echo 0 >"$TRACING/instances/$k/events/enable"
		[[ $k != passthrough && $k != block && $k != errors ]] || continue
		completions "$k"
		[ "$n" -eq 0 ] || {
			printf '%s%d %s' "$sep" "$n" "$k"
			sep=' + '
		}
	done
}

# block_errors: by kind, from what fio says of each
block_errors()
{
	cat "$tmp/block.out" "$tmp/block.err" |
		sed -n 's/.*io_u error on file [^:]*: \([^:]*\):.*/\1/p' |
		sort | uniq -c | awk '
			{ sub(/^ +/, ""); gsub(/,/, ""); printf "%s%s", sep, $0
				sep = " + " }'
}

# failed_block: the number of errors that fio has counted, and which
failed_block()
{
	local n which

	n=$(sed -n 's/.*errors *: total=\([0-9]*\),.*/\1/p' "$tmp/block.out")
	[ "${n:-0}" -gt 0 ] || return 0
	which=$(block_errors)
	echo "${which:-$n}"
}

# seconds <node>: how long the load ran, 6.0
seconds()
{
	sed -n 's/.* run=\([0-9]*\)-.*/\1/p' "$tmp/$1.out" |
		awk '{ printf "%.1f", $1 / 1000 }'
}

# answers <node>: the number of good ones, and the longest time without one in ms
answers()
{
	sort -n "$tmp/$1.log_lat.1.log" | awk -F, -v all="${runtime}000" '
		{ if ($1 - last > gap) gap = $1 - last; last = $1; n++ }
		END { if (all - last > gap) gap = all - last
			printf "%d %d", n, gap }'
}

# under_fault <name> <command>...: one second of peace, the fault, its end
under_fault()
{
	local what=$1 took node err ok gap live before pids=()

	shift
	rm -f "$tmp"/passthrough* "$tmp"/block*
	count_completions
	faults=$((faults + 1))
	ktap_print_msg "load,$faults,$what"
	load_start=0
	load_ms
	load_start=$now
	keep_printing_live &
	live=$!
	load passthrough --filename="$ng" --ioengine=io_uring_cmd --cmd_type=nvme
	pids+=($!)
	load block --filename="/dev/$head" --ioengine=io_uring --direct=1 \
		--error_dump=1
	pids+=($!)
	quiet_second
	print_live
	ktap_print_msg "fault,$faults,$now"
	"$@"
	wait "${pids[@]}"
	kill "$live"
	wait "$live" 2>/dev/null
	err=$(errors_by_kind)
	for node in passthrough block; do
		[ "$node" = passthrough ] || err=$(failed_block)
		before=before_$node
		read -r ok gap < <(answers "$node")
		took=$(seconds "$node"),${!before}
		ktap_print_msg "result,$faults,$what,$node,$took,$ok,$err,$gap"
	done
	must 30 "both paths after '$what'" paths_live 2
}
faults=0

reset()
{
	local c

	for c in "$@"; do
		echo 1 >"/sys/class/nvme/$c/reset_controller" &
	done
}

pull_ports()
{
	local p

	for p in "$@"; do
		port_down "$p"
	done
	sleep 1
	for p in "$@"; do
		port_up "$p"
	done
}

ana_change()
{
	ana change
	sleep 1
	ana optimized
}

pull_pcie()
{
	pci_pull 0
	pci_slow 0
	pci_plug 0
}

reset_row()
{
	# shellcheck disable=SC2046
	under_fault "$1: both controllers reset" reset $(ctrls)
}

# core_rows <transport>: faults that take all paths
core_rows()
{
	reset_row "$1"
	under_fault "$1: both ports gone for 1 s" pull_ports 1 2
	under_fault "$1: all paths in ANA change" ana_change
}

# over <transport> <rows> <command>...: the command makes the target and sets $head;
# all is away again at the end
over()
{
	local name=$1 rows=$2

	shift 2
	"$@"
	round_robin
	"$rows" "$name"
	run_exit_commands_keep_tmp
}

# has_transport <name>: does this kernel have it, on both sides?
has_transport()
{
	modprobe -q "nvme-$1" && modprobe -q "nvmet-$1"
}

# tcp: with the faults that take one path
tcp()
{
	nvmet_up 2 20 -l 60
	round_robin
	under_fault "nvme-tcp: one controller reset" reset "$(ctrl_of_port 1)"
	under_fault "nvme-tcp: one port gone for 1 s" pull_ports 1
}

pcie()
{
	pci_head
	no_timeouts
	round_robin
	pci_slow 400
	under_fault "PCIe: a controller pulled out" pull_pcie
}

begin 1
need_tools nvme fio setpci
# Another transport of a fabric is one line more: over <transport> <rows> <command>.
over nvme-tcp core_rows tcp
rows=6
for transport in rdma fc; do
	has_transport $transport || continue
	over nvme-$transport reset_row nvmet_up 2 20 -l 60
	rows=$((rows + 1))
done
pcie
check "all $rows faults happened under load" test "$faults" -eq $rows
finish
