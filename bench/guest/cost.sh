#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: what a passthrough command costs its submitter when nothing fails,
# in instructions, for the policies this kernel has. A line a measurement:
# "# cost", policy, node, I/O policy, ring, depth, bytes, instructions.
# timeout: 900
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/../../tools/testing/selftests/nvme-mpath
# shellcheck source=lib.sh
. ./lib.sh

declare -A rings=([plain]='' [defer]=-d [fixed]='-d -B' [polled]='-d -p')

# measure <node> <ring> <depth> <bytes>
measure()
{
	local n=4096 cost

	[ "$4" -le 4096 ] || n=1024
	# shellcheck disable=SC2086
	cost=$(./bench/nvme_cost ${rings[$2]} -q "$3" -b "$4" -n $n "$ng") ||
		give_up "no measurement of $*"
	echo "# cost,$what,$1,$(cat "$subsys/iopolicy"),$2,$3,$4,$cost"
}

# all <node>: every ring, depth and size
all()
{
	local ring depth bytes

	for ring in plain defer fixed polled; do
		for depth in 1 32; do
			for bytes in 512 4096 32768 131072; do
				measure "$1" $ring $depth $bytes
			done
		done
	done
}

begin 0
pci_head
# the first commands of a boot meet caches that are still empty
./bench/nvme_cost -n 4096 "$ng" >"$tmp/warm" || give_up "no load"

f=/sys/block/$head/passthru_failover
policies=(stock)
[ ! -e "$f" ] || policies=(none idempotent)
for what in "${policies[@]}"; do
	pci_head
	[ ! -e "$f" ] || echo "$what" >"$f"
	all head
	for iopolicy in round-robin queue-depth; do
		echo "$iopolicy" >"$subsys/iopolicy" 2>/dev/null || continue
		measure head defer 32 4096
	done
	echo numa >"$subsys/iopolicy"
	# what of it is the accounting of the head's disk
	echo 0 >"/sys/block/$head/queue/iostats"
	what+=-noiostats measure head defer 32 4096
	echo 1 >"/sys/block/$head/queue/iostats"
	pci_single
	all path
done
finish
