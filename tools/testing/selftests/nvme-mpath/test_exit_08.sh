#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end the threads that have sent commands, while their process waits for
# the answers: what is in flight is answered by its path, with its data or an error. A
# lost command has nobody to send it again, and one that waits ends with its thread.
# What a child has sent, which lives, is sent again from its memory.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# answered_after <n> [nvme_mpath_io option]...: n commands whose thread has ended before
# the first answer
answered_after()
{
	local n=$1

	shift
	held_load "$n" -n "$n" --mode thread "$@" "$ng"
	release
	io_wait
}

# in_flight <what> [nvme_mpath_io option]...: no path is lost
in_flight()
{
	local what=$1

	shift
	check "$what: writes succeed without their thread" answered_after 16 -o write "$@"
	check "$what: reads succeed without their thread" answered_after 16 -o read "$@"
	io_start -n 64 -q 8 --mode thread -o rw "$@" "$ng"
	check "$what: reads have the right data" io_wait
}

# only <res> <n>: no other error than this one, so often
only()
{
	[ "$(io_value errors)" = "$1:$2" ]
}

# stopped_with <res> <n>: all commands are answered, n of them with this error
stopped_with()
{
	io_stop
	[ "$io_status" = 1 ] && only "$1" "$2"
}

# batch_stuck: what is left of a batch is in flight; sets $held
batch_stuck()
{
	io_report && held=$(io_value pending) && [ "$held" -gt 0 ] && io_stuck "$held"
}

# child_sends_again <what> [nvme_mpath_io option]...: reads and writes, whose answers
# the parent waits for
child_sends_again()
{
	local what=$1 i

	shift
	io_start -q 16 -t 600 --mode fork,batch -o rw "$@" "$ng"
	for i in 1 2 3 4; do
		hold
		must 20 "commands in flight" batch_stuck
		lose_all "$held"
		release
		must 20 "answers" io_moves
	done
	check "$what: a child that lives sends them again, with the right data" io_stop
}

begin 18
need_tools nvme
nvmet_up 2 0 -l 600
round_robin
trace_path_errors
in_flight "plain"
in_flight "registered buffers" --registered
# not aligned, so through memory of the kernel: nobody is there to copy
for vectored in "" --vectored; do
	check "not aligned${vectored:+, vectored}: writes succeed without their thread" \
		answered_after 16 -o write --buffer-offset 1 $vectored
	answered_after 16 -o read --buffer-offset 1 $vectored
	check "not aligned${vectored:+, vectored}: each read says -EINTR, not success" \
		only -4 16
done

held_load 16 --mode thread -t 600 -o write "$ng"
port_down 1
must 20 "one path" paths_live 1
must 20 "8 commands lost" saw_path_errors 8
release
check "lost: commands are answered" wait_for 10 io_moves
check "lost: the 8 are not sent again but end with -ECANCELED, and no others" \
	stopped_with -125 8
port_up 1
must 60 "two live paths" paths_live 2
child_sends_again "plain"
child_sends_again "not aligned" --buffer-offset 1

ana inaccessible
must 20 "no usable path" ana_seen inaccessible
io_start -n 16 -q 16 --mode thread -o write "$ng"
check "waiting: 16 commands end with their thread, with no path in sight" \
	wait_for 10 ended "$io"
io_wait
check "waiting: by -ECANCELED" only -125 16
ana optimized
check_works
check_nothing_left
finish
