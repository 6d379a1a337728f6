#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will hold writes of every kind of ring and buffer after the loss of their
# path, overwrite them when they have succeeded, and let the old controller receive
# the first copies: the newer data stays. hold_01 does that many times with one kind.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# name: how many of eight are on the wire at once, options
kinds=(
	"plain:8:"
	"defer:8:--mode defer"
	"coop, iovecs:8:--mode coop,flag --vectored --reuse-iovecs"
	"sqpoll, registered:8:--mode sqpoll --registered"
	"iopoll:8:--mode iopoll"
	"sqpoll,iopoll:8:--mode sqpoll,iopoll"
	"io-wq, bounced:8:--mode async --buffer-offset 1"
	"registered file and ring:8:--mode file,ring"
	"personality:8:--mode person"
	"a chain of links:1:--mode link"
	"drain:3:--mode drain"
	"FAILOVER:8:--flags failover"
	"ioctl:1:--engine io64"
	"vectored ioctl:1:--engine vec"
)
area=8

zeroes()
{
	dd if=/dev/zero of="/dev/$head" oflag=direct bs=1M count=$area \
		2>"$tmp/dd" || give_up "$(cat "$tmp/dd")"
}

all_zero()
{
	[ -z "$(dd if="/dev/$head" iflag=direct bs=1M count=$area status=none |
		tr -d '\0' | head -c 1)" ]
}

begin $((${#kinds[@]} + 4))
need_tools nvme dd
wire_kato=5
relayed_up -Q 128 -P 1
check "passthru_delayed_retry takes a number" delayed_retry 100

loads=() n=0
for kind in "${kinds[@]}"; do
	IFS=: read -r _ flying options <<<"$kind"
	# shellcheck disable=SC2086
	io_start --wait-for-usr2 -n 8 -q 8 -o write --patience $((60 * SLOW)) $options "$ng"
	loads+=("$io")
	n=$((n + flying))
done
[ "$io_next" -le $((area << 11)) ] || give_up "more than $area MiB"
only_wire_up
start_on_wire "${loads[@]}"
lose_wire $n
check "none of $n writes is answered: all are held" wait_for 10 count_is held $n
for i in "${!kinds[@]}"; do
	io_use "${loads[i]}"
	check "${kinds[i]%%:*}: writes held, then sent again, succeed" io_wait
done
zeroes
wire_delivers
check "the old controller has received the first copies: the newer data is there" \
	all_zero
check "$n commands were held" test "$(count held_total)" -ge $n
finish
