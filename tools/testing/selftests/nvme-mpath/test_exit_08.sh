#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end the threads that have sent commands, while their process waits for
# the answers: what is in flight is answered by its path, with its data or an error. A
# lost command has nobody to send it again, and one that waits ends with its thread.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# in_flight <what> [nvme_mpath_io option]...: no path is lost
in_flight()
{
	local what=$1

	shift
	io_start -n 64 -q 8 --mode thread "$@" "$ng"
	check "$what: all commands succeed without their thread, with the right data" \
		io_wait
}

# in_flight_bounced <what> [nvme_mpath_io option]...: through memory of the kernel, from
# which nobody can copy what was read
in_flight_bounced()
{
	local what=$1

	shift
	io_start -n 64 -q 8 --mode thread "$@" "$ng"
	io_wait
	check "$what: no read is answered with success but has no data" \
		test "$(io_value mismatch)" = 0
	check "$what: a read says -EINTR instead" io_errors_only -4
	check "$what: each write succeeds" test "$(io_value ok)" -ge 32
}

# stopped_with <res>: all commands are answered, some with this error, none with another
stopped_with()
{
	io_stop
	[ "$io_status" = 1 ] && io_errors_only "$1"
}

begin 14
need_tools nvme
# commands outlive the thread
nvmet_up 2 20 -l 600
round_robin
trace_path_errors
in_flight "plain" -o rw
in_flight "registered buffers" -o rw --registered
in_flight_bounced "not aligned" -o rw --buffer-offset 1
# its pieces are smaller than pages
in_flight_bounced "vectored" -o rw --vectored

held_load 16 --mode thread -t 600 -o write "$ng"
port_down 1
must 20 "one path" paths_live 1
must 20 "8 commands lost" saw_path_errors 8
release
check "lost: commands are answered" wait_for 10 io_moves
check "lost: none is sent again, so those end with -ECANCELED, and no other" \
	stopped_with -125
port_up 1
must 60 "two live paths" paths_live 2

ana inaccessible
must 20 "no usable path" ana_seen inaccessible
io_start -n 16 -q 16 --mode thread -o write "$ng"
check "waiting: 16 commands end with their thread, with no path in sight" \
	wait_for 10 ended "$io"
io_wait
check "waiting: by -ECANCELED" io_errors_only -125
ana optimized
check_works
check_nothing_left
finish
