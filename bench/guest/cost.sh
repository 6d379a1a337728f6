#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: the cost of a passthrough command for its submitter when nothing fails,
# in instructions, for the policies of this kernel. A line a measurement:
# "# cost", policy, node, I/O policy, ring, depth, bytes, instructions. And what it
# makes the kernel allocate: "# memory", policy, node, bytes.
# timeout: 900
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/../../tools/testing/selftests/nvme-mpath
# shellcheck source=lib.sh
. ./lib.sh

declare -A rings=([plain]='' [defer]=--defer [fixed]='--defer --registered'
	[polled]='--defer --iopoll')

all_live()
{
	! grep -qvx live /sys/class/nvme/*/state
}

# measure <node> <ring> <depth> <bytes>
measure()
{
	local cost

	# a drive of QEMU has been seen to lose a command, and to be reset for it
	# shellcheck disable=SC2086
	cost=$(./bench/nvme_cost ${rings[$2]} -q "$3" -b "$4" "$ng" 2>&1) || {
		echo "# once more, $*: $cost"
		must 30 "the controllers are back" all_live
		cost=$(./bench/nvme_cost ${rings[$2]} -q "$3" -b "$4" "$ng" 2>&1)
	} || give_up "no measurement of $*: $cost"
	echo "# cost,$what,$1,$(cat "$subsys/iopolicy"),$2,$3,$4,$cost"
}

# allocated <commands>: prints how many bytes a process allocates that sends them at
# once on a new ring, with all that is made for the process and the ring
allocated()
{
	local events=$TRACING/events/kmem

	echo >"$TRACING/trace"
	(
		echo "$BASHPID" >"$TRACING/set_event_pid"
		echo 1 | tee "$events"/{kmalloc,kmem_cache_alloc}/enable >/dev/null
		exec ./bench/nvme_cost -n 1 -q "$1" "$ng"
	) >"$tmp/allocated" || give_up "no load"
	echo 0 | tee "$events"/{kmalloc,kmem_cache_alloc}/enable >/dev/null
	echo >"$TRACING/set_event_pid"
	awk '{ for (i = 1; i <= NF; i++) if (sub(/^bytes_alloc=/, "", $i)) sum += $i }
		END { print sum + 0 }' "$TRACING/trace"
}

# memory <node>: for each of the commands beyond the first one
memory()
{
	local one many

	one=$(allocated 1) && many=$(allocated 256) || exit
	echo "# memory,$what,$1,$(((many - one) / 255))"
}

# all <node> <ring>...: every depth and size
all()
{
	local node=$1 ring depth bytes

	shift
	for ring in "$@"; do
		for depth in 1 32; do
			for bytes in 512 4096 32768 131072; do
				measure "$node" "$ring" $depth $bytes
			done
		done
	done
}

begin 0
pci_head
# the first commands of a boot meet caches that are still empty
./bench/nvme_cost "$ng" >"$tmp/warm" || give_up "no load"
echo 8192 >"$TRACING/buffer_size_kb"
allocated 256 >"$tmp/warm"

f=/sys/block/$head/passthru_failover
policies=(stock)
[ ! -e "$f" ] || policies=(none idempotent)
for what in "${policies[@]}"; do
	pci_head
	[ ! -e "$f" ] || echo "$what" >"$f" || give_up "no policy $what"
	memory head
	all head plain defer fixed polled
	for iopolicy in round-robin queue-depth; do
		echo "$iopolicy" >"$subsys/iopolicy" 2>/dev/null || continue
		measure head defer 32 4096
	done
	echo numa >"$subsys/iopolicy"
	pci_single
	memory path
	all path plain defer fixed polled
done
finish
