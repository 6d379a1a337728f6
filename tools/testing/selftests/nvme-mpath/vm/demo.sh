#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: two fio loads on one head, through its char and its block node,
# while paths are lost. Prints a line of comma separated values for each:
# "# result", number and name of the fault, node, commands that succeeded, errors,
# longest gap.
# timeout: 180
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/.. source=lib.sh
. ./lib.sh

# load <node> <fio option>...: sets $!. fio goes on after an errno; fio 3.33 ends
# when an NVMe status comes back as an error.
load()
{
	local node=$1

	shift
	fio --name="$node" --rw=randread --bs=4k --iodepth=16 --size=16M \
		--time_based --runtime=6 --continue_on_error=all \
		--ignore_error=EINVAL:EINTR:EIO:ENODEV:EAGAIN \
		--write_lat_log="$tmp/$node" \
		--output="$tmp/$node.out" "$@" >"$tmp/$node.err" 2>&1 &
}

# fio counts errors, but not by kind. The kernel does, in a trace instance for each
# kind; only the number of events counts.
kinds=("EINVAL:res == -22" "EINTR:res == -4" "EIO:res == -5"
	"path status:res >= 768 && res < 16384 && res != 4096"
	"other:res < 0 && res != -22 && res != -4 && res != -5 && res != -62"
	# no errors, but the sign that a load has begun
	"passthrough:res == 0" "block:res == 4096")

count_completions()
{
	local k d

	for k in "${kinds[@]}"; do
		d="$TRACING/instances/${k%%:*}"
		rmdir "$d" 2>/dev/null
		mkdir "$d"
		echo 64 >"$d/buffer_size_kb"
		echo "${k#*:}" >"$d/events/io_uring/io_uring_complete/filter"
		echo 1 >"$d/events/io_uring/io_uring_complete/enable"
	done
}

# completions <kind>
completions()
{
	awk '/^(entries|overrun):/ { n += $2 } END { print n + 0 }' \
		"$TRACING/instances/$1"/per_cpu/cpu*/stats
}

loads_run()
{
	[ "$(completions passthrough)" -gt 9 ] && [ "$(completions block)" -gt 9 ]
}

# errors_by_kind: "16 EINTR 400 EINVAL"
errors_by_kind()
{
	local k n sep=''

	for k in "${kinds[@]}"; do
		k=${k%%:*}
		echo 0 >"$TRACING/instances/$k/events/enable"
		[[ $k != passthrough && $k != block ]] || continue
		n=$(completions "$k")
		[ "$n" -eq 0 ] || {
			printf '%s%d %s' "$sep" "$n" "$k"
			sep=' + '
		}
	done
}

# failed <node>: the number of errors that fio has counted
failed()
{
	sed -n 's/.*errors *: total=\([0-9]*\),.*/\1/p' "$tmp/$1.out"
}

# answers <node>: the number of good ones, and the longest time without one in ms
answers()
{
	sort -n "$tmp/$1"_lat.1.log | awk -F, '
		{ if ($1 - last > gap) gap = $1 - last; last = $1; n++ }
		END { if (6000 - last > gap) gap = 6000 - last
			printf "%d %d", n, gap }'
}

# under_fault <name> <command>...: one second of peace, the fault, its end
under_fault()
{
	local what=$1 node err ok gap pids=()

	shift
	rm -f "$tmp"/passthrough* "$tmp"/block*
	count_completions
	load passthrough --filename="$ng" --ioengine=io_uring_cmd --cmd_type=nvme
	pids+=($!)
	load block --filename="/dev/$head" --ioengine=io_uring --direct=1
	pids+=($!)
	must 30 "the loads" loads_run
	sleep 1
	"$@"
	wait "${pids[@]}"
	err=$(errors_by_kind)
	faults=$((faults + 1))
	for node in passthrough block; do
		[ "$node" = passthrough ] || err="$(failed block)"
		[ "$err" != 0 ] || err=
		read -r ok gap < <(answers "$node")
		ktap_print_msg "result,$faults,$what,$node,$ok,$err,$gap"
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

begin 1
need_tools nvme fio setpci
nvmet_up 2 20 -l 60
round_robin
under_fault "nvme-tcp: one controller reset" reset "$(ctrl_of_port 1)"
# shellcheck disable=SC2046
under_fault "nvme-tcp: both controllers reset" reset $(ctrls)
under_fault "nvme-tcp: one port gone for 1 s" pull_ports 1
under_fault "nvme-tcp: both ports gone for 1 s" pull_ports 1 2
under_fault "nvme-tcp: all paths in ANA change" ana_change

pci_head
round_robin
pci_slow 400
under_fault "PCIe: a controller pulled out" pull_pcie
check "all 6 faults happened under load" test "$faults" -eq 6
finish
