#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: the cost of a passthrough command for its submitter when nothing fails,
# in instructions, for the policies of this kernel; stock and cleanup are kernels
# without a policy. A line a measurement: "# cost", policy, node, I/O policy, ring,
# depth, bytes, instructions, or "unsteady". And what it makes the kernel allocate:
# "# memory", policy, node, bytes.
# timeout: 1500
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/../../tools/testing/selftests/nvme-mpath
# shellcheck source=lib.sh
. ./lib.sh

declare -A rings=([plain]='' [defer]=--defer [fixed]='--defer --registered'
	[polled]='--defer --iopoll' [vec1]='--defer --vec 1' [vec8]='--defer --vec 8')

all_live()
{
	! grep -qvx live /sys/class/nvme/*/state
}

# measure <node> <ring> <depth> <bytes>
measure()
{
	local cost

	# a drive of QEMU has been seen to lose a command, and to be reset for it; and
	# a busy machine makes a measurement unsteady
	for _ in 1 2 3; do
		# shellcheck disable=SC2086
		cost=$(./bench/nvme_cost ${rings[$2]} -q "$3" -b "$4" "$ng" 2>&1) &&
			[ "$cost" != unsteady ] && break
		echo "# once more, $*: $cost"
		must 30 "the controllers are back" all_live
	done
	[[ $cost =~ ^[0-9.]+$|^unsteady$ ]] || give_up "no measurement of $*: $cost"
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

# vectored <node>: iovecs of a page each
vectored()
{
	local depth

	for depth in 1 32; do
		measure "$1" vec1 $depth 4096
		measure "$1" vec8 $depth 32768
	done
}

# some <node>: what tells policies apart
some()
{
	measure "$1" defer 1 4096
	measure "$1" defer 32 4096
	measure "$1" fixed 32 512
	measure "$1" vec1 32 4096
}

begin 0
pci_head
# the first commands of a boot meet caches that are still empty
./bench/nvme_cost "$ng" >"$tmp/warm" || give_up "no load"
echo 8192 >"$TRACING/buffer_size_kb"
allocated 256 >"$tmp/warm"

f=/sys/block/$head/passthru_failover
release=$(uname -r)
policies=("${release##*-}")
[ ! -e "$f" ] || policies=(none idempotent all)
for what in "${policies[@]}"; do
	pci_head
	[ ! -e "$f" ] || echo "$what" >"$f" || give_up "no policy $what"
	if [ "$what" = all ]; then
		some head
		continue
	fi
	memory head
	vectored head
	all head plain defer fixed polled
	for iopolicy in round-robin queue-depth; do
		echo "$iopolicy" >"$subsys/iopolicy" 2>/dev/null || continue
		measure head defer 32 4096
	done
	echo numa >"$subsys/iopolicy"
	pci_single
	memory path
	vectored path
	all path plain defer fixed polled
done
finish
