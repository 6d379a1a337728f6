#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will link a timeout to each command and see that it ends a parked
# command, and leaves a command alone that is done in time.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# timeouts [nvme_mpath_io option]...
timeouts()
{
	local what="LINK_TIMEOUT${*:+ with $*}"

	# the timeout does not end a command in flight
	no_usable_path inaccessible
	io_start -n 16 -q 16 -o write --link-timeout 1000 "$@" "$ng"
	io_wait
	check "$what: all 16 parked commands end with -ECANCELED" \
		test "$io_status:$(io_value errors)" = "1:-125:16"
	check "$what: all 16 timeouts report that they expired" \
		test "$(io_value timed_out)" = 16
	usable_paths
	io_start -n 64 -q 16 -o rw --link-timeout 600000 "$@" "$ng"
	check "$what: commands that end before their timeout succeed" io_wait
}

begin 12
need_tools nvme
nvmet_up 2 0

timeouts
timeouts --mode defer
timeouts --mode async
timeouts --mode sqpoll
finish
