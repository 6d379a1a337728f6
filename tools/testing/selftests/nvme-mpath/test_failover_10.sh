#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will lose a path with writes in flight that tell where to place their
# data (Flexible Data Placement): the other path gets the same commands, each with
# its own directive. These targets place no data, so the commands on the wire count;
# failover_11 has controllers that do.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

HANDLE=0x0700

# shown <port>: the writes that have passed the relay of that port, since forget,
# sorted
shown()
{
	tail -n "+${from[$1]}" "$tmp/relay$1" | grep '^command' | sort
}

# shows <port> <n>: so many
shows()
{
	[ "$(shown "$1" | wc -l)" -eq "$2" ]
}

# directives: types and handles of the commands on the standard input, sorted
directives()
{
	sed 's/.* cdw12=\([^ ]*\) cdw13=\([^ ]*\) .*/\1 \2/' | sort
}

# same <text> <text>: of many lines
same()
{
	diff <(echo "$1") <(echo "$2") >"$tmp/diff" || {
		sed 's/^/# /' "$tmp/diff"
		return 1
	}
}

# expected <n>: of n writes of 8 blocks
expected()
{
	local i

	for i in $(seq 0 $(($1 - 1))); do
		printf '0x200007 0x%x\n' $(((HANDLE + i) << 16))
	done | sort
}

# forget: what was shown before
forget()
{
	local p

	for p in 1 2; do
		from[p]=$(($(wc -l <"$tmp/relay$p") + 1))
	done
}

from=()

# lost_with_directives <what> <n> [nvme_mpath_io option]...: n writes at a time are
# lost on path 1
lost_with_directives()
{
	local what=$1 n=$2 first second

	shift 2
	ana inaccessible 2
	must 20 "one usable path" ana_seen inaccessible "$(ctrl_of_port 2)"
	forget
	hold
	io_start -n $((2 * n)) -q "$n" -o rw --placement $HANDLE "$@" "$ng"
	must 20 "$n writes on the first path" shows 1 "$n"
	ana optimized 2
	must 20 "two usable paths" ana_seen optimized "$(ctrl_of_port 2)"
	port_down 1
	must 20 "$n writes on the second path" shows 2 "$n"
	# a slot whose write has succeeded may write again
	first=$(shown 1) second=$(shown 2)
	release
	check "$what: the writes succeed on the second path, with the right data" \
		io_wait
	check "$what: each write has the directive that it was given" \
		same "$(expected "$n")" "$(directives <<<"$first")"
	check "$what: the second path got the same commands as the first" \
		same "$first" "$second"
	port_up 1
	must 60 "two live paths" paths_live 2
}

begin 16
need_tools nvme
relays=1
nvmet_up 2 0 -l 600
for p in 1 2; do
	relay_does "$p" "show 1"
done

lost_with_directives "io_uring" 16
lost_with_directives "vectored" 16 --vectored
lost_with_directives "registered buffers" 16 --registered
policy none
lost_with_directives "FAILOVER" 16 --flags failover
policy idempotent
lost_with_directives "ioctl" 1 --engine io64
check_works
finish
