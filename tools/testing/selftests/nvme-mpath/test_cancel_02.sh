#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will link a timeout to each command and see that it ends a command
# that waits for a path, and leaves alone what is done in time.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# timeouts [nvme_mpath_io option]...
timeouts()
{
	ana inaccessible
	# one that is in flight is not ended
	must 10 "no usable path" ana_seen inaccessible
	io_start -n 16 -q 16 -o write --link-timeout 1000 "$@" "$ng"
	io_wait
	check "LINK_TIMEOUT $*: all that wait end with -ECANCELED" \
		test "$io_status:$(io_value errors)" = "1:-125:16"
	check "LINK_TIMEOUT $*: each by its timeout" \
		test "$(io_value timed_out)" = 16
	ana optimized
	must 10 "usable paths" ana_seen optimized
	io_start -n 64 -q 16 -o rw --link-timeout 600000 "$@" "$ng"
	check "LINK_TIMEOUT $*: what is in time succeeds" io_wait
}

begin 12
need_tools nvme
nvmet_up 2 0

timeouts
timeouts --mode defer
timeouts --mode async
timeouts --mode sqpoll
finish
