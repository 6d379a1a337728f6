#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end commands in every possible way under iopolicy queue-depth. The
# paths of the next commands show that no path has a wrong count.
# stock: fail
# timeout: 180
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# no other load uses this LBA
PROBE=100000

# probe_load [option]...: traced reads
probe_load()
{
	trace_sent
	io_start -o read --first-lba $PROBE --patience 60 "$@" "$ng"
}

# chosen <port>: the number of them on that path
chosen()
{
	grep nvme_setup_cmd: "$TRACING/trace" |
		grep " $(ctrl_of_port "$1"): " | grep -c "slba=$PROBE,"
}

# share: the numbers of both ports
share()
{
	echo "$(chosen 1)/$(chosen 2)"
}

# idle_share: of 16 commands, one at a time
idle_share()
{
	probe_load -n 16 -q 1
	io_wait >/dev/null
	share
}

in_flight()
{
	[ $(($(chosen 1) + $(chosen 2))) -eq "$1" ]
}

# busy_share: of two commands, the second one sent with the first in flight
busy_share()
{
	local one

	hold
	probe_load -n 1 -q 1
	one=$io
	must 10 "a command in flight" in_flight 1
	io_start -n 1 -q 1 -o read --first-lba $PROBE --patience 60 "$ng"
	must 10 "two commands in flight" in_flight 2
	share
	release
	io_wait >/dev/null
	wait "$one"
}

# balanced <how commands ended>: both paths have the same count
balanced()
{
	local idle

	must 20 "two live paths" paths_live 2
	must 20 "two usable paths" ana_seen optimized
	idle=$(idle_share)
	check "commands $1: all of 16, one at a time, take the first path" \
		is "$first" "$idle"
	check "commands $1: of two at a time each takes a path of its own" \
		is 1/1 "$(busy_share)"
}

# lost_path <n>: as many path errors on either path
lost_path()
{
	local c

	inject_paths 0x371 "$1"
}

not_lost()
{
	local c

	inject_no_paths
}

# flying <n> [option]...: commands that are held in flight
flying()
{
	local n=$1

	shift
	hold
	io_start -n "$n" -q "$n" --patience 60 "$@" "$ng"
	must 10 "$n commands in flight" io_stuck "$n"
}

# park <n> [option]...: commands that wait for a path
park()
{
	local n=$1

	shift
	no_usable_path inaccessible
	io_start -n "$n" -q "$n" --patience 60 "$@" "$ng"
	must 10 "$n commands that wait" io_stuck "$n"
}

begin 24
need_tools nvme
can_inject
nvmet_up 2 0 -l 600
echo queue-depth >"$subsys/iopolicy" 2>/dev/null
[ "$(cat "$subsys/iopolicy")" = queue-depth ] ||
	skip_all "no iopolicy queue-depth"
trace_path_errors
first=16/0

io_start -n 200 -q 16 -o rw "$ng"
io_wait
io_start --opcode 0x81 -n 16 -q 8 "$ng"
io_wait
balanced "that succeeded, or were refused by the device"

lost_path 10
io_start -n 200 -q 16 -o rw "$ng"
io_wait
not_lost
lost_path 4
io_start -n 50 -q 1 --engine io64 -o rw "$ng"
io_wait
not_lost
balanced "that failed over"

lost_path 10
io_start -n 40 -q 8 --opcode 0x81 "$ng"
io_wait
not_lost
lost_path 10
io_start -n 40 -q 8 --flags failfast -o read "$ng"
io_wait
not_lost
balanced "refused by the policy, or FAILFAST"

flying 16 -o write
lose_all 16
release
io_wait
balanced "lost by a reset"

park 16 -o write
ana optimized
io_wait
balanced "parked, then sent"

park 16 -o write
lost_path 20
ana optimized
io_wait
not_lost
balanced "parked, then lost again"

park 16 -o write --on-usr2 cancel-all
kill -USR2 "$io"
io_wait
ana optimized
balanced "cancelled while parked"

park 16 -o write
kill -9 "$io"
must 10 "its end" ended "$io"
usable_paths
flying 16 -o read
kill -9 "$io"
release
must 10 "its end" ended "$io"
balanced "killed while parked or in flight"

policy none
io_start -n 100 -q 16 -o rw "$ng"
io_wait
lost_path 10
io_start -n 100 -q 16 -o read "$ng"
io_wait
not_lost
policy idempotent
balanced "under policy none"

park 16 --opcode 0x81
policy none
io_wait
policy idempotent
ana optimized
balanced "parked until the policy was none"

flying 8 -o write
ctrl=$(ctrl_of_port 1)
nvme disconnect -d "$ctrl" >"$tmp/disconnect" 2>&1 &
must 20 "one path" paths_live 1
release
io_wait
nvmet_connect 1 -l 600
# the new path is the last in the list
first=0/16
balanced "lost by the removal of a path"

lost_path 5
dd if=/dev/zero of="/dev/$head" bs=4096 count=256 conv=fsync 2>"$tmp/dd"
not_lost
balanced "of block I/O that failed over"
finish
