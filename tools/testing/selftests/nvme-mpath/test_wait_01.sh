#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will leave commands without a usable path for longer than
# passthru_wait_secs: they end with -ETIME, in each kind of ring and by ioctl, and
# neither commands that find a path in time, nor those in flight, nor block I/O.
# stock: fail
# timeout: 180
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

ETIME=62

refused_words()
{
	local w

	for w in "" x -1 1.5 4294967296 "3 4"; do
		! { echo "$w" >"/sys/block/$head/passthru_wait_secs"; } \
			2>/dev/null || return 1
	done
	is "$1" "$(cat "/sys/block/$head/passthru_wait_secs")"
}

# expires <n> <option>... <node>: n commands without a usable path end with -ETIME,
# and not before 2 s have passed
expires()
{
	local n=$1 what="${*:2}" start

	start=$(ms)
	shift
	io_start -n "$n" "$@"
	wait_for 20 ended "$io" || kill -9 "$io"
	io_wait
	check "$what: all $n commands end with -ETIME" \
		is "-$ETIME:$n" "$(io_value errors)"
	check "$what: they have waited for at least 2 s" \
		past $((start + n * 2000 / depth))
}

ring_waits()
{
	io_use "$ring"
	io_stuck 16
}

begin 33
need_tools nvme
nvmet_up 2 0 -l 600
check "the default is 0" \
	is 0 "$(cat "/sys/block/$head/passthru_wait_secs" 2>/dev/null)"
check "passthru_wait_secs takes 4294967295" wait_secs 4294967295
check "other words and numbers are refused" refused_words 4294967295
must 1 "passthru_wait_secs" wait_secs 2

# a command in flight does not wait
held_load 16 -n 16 -o write --same-data "$ng"
must 10 "more than that time" past $(($(ms) + 4000))
check "16 commands that have been in flight for 4 s are not ended" io_stuck 16
release
check "they succeed when the target answers" io_wait

no_usable_path inaccessible
dd if="/dev/$head" of=/dev/null bs=4k count=1 iflag=direct 2>"$tmp/dd" &
dd=$!
depth=16
for mode in coop defer sqpoll iopoll async; do
	expires 16 -q 16 -o write --mode $mode "$ng"
done
depth=1
expires 2 -q 1 --engine io64 -o write "$ng"
expires 2 -q 1 --engine submit -o read "/dev/$head"
check "passthru_expired counts the commands and the ioctls" count_is expired 84
check "none waits any more" count_is parked 0
check "the kernel log says that passthru_wait_secs ended a command" \
	log_has "waited too long - failing passthrough command"
check "block I/O waits on" kill -0 "$dd"

# under load: no bound, then a long one, then one that is over
wait_secs 0
parked_load 16 -o write "$ng"
ring=$io
io_start -n 1 -q 1 --engine io64 -o write "$ng"
ioctls=$io
must 10 "17 commands that wait" count_is parked 17
must 10 "more than a second" past $(($(ms) + 2000))
wait_secs 600
check "600 s: the 16 commands of the ring wait on" ring_waits
wait_secs 1
io_use "$ring"
io_wait
check "600 s changed to 1 s, which have passed: all 16 commands end with -ETIME" \
	is "-$ETIME:16" "$(io_value errors)"
io_use "$ioctls"
io_wait
check "and so does the ioctl" is "-$ETIME:1" "$(io_value errors)"

wait_secs 600
parked_load 16 -o write "$ng"
check "SIGKILL ends 16 commands that wait" io_end KILL -
if io_uring_patched; then
	parked_load 16 -o write --on-usr2 cancel-all "$ng"
	kill -USR2 "$io"
	io_wait
	check "a cancellation ends 16 commands that wait with -ECANCELED" \
		is "-125:16" "$(io_value errors)"
else
	ktap_test_skip "the kernel's ASYNC_CANCEL does not reach them"
fi
parked_load 16 -o write "$ng"
ring=$io
io_start -n 1 -q 1 --engine io64 -o write "$ng"
ioctls=$io
must 10 "17 commands that wait" count_is parked 17
usable_paths
io_use "$ring"
check "a path that is back in time: all 16 commands succeed" io_wait
io_use "$ioctls"
check "and so does the ioctl" io_wait
check "the block read succeeds" wait "$dd"
check "passthru_expired has not grown since" count_is expired 101

# the end of the head wins
no_usable_path inaccessible
parked_load 16 -o write "$ng"
disconnect
io_wait
check "without an available path 16 commands end with -EIO" \
	is "-5:16" "$(io_value errors)"
finish
