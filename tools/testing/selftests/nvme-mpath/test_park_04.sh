#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have the application take its registered buffers back while
# commands wait that use them, and see that these still read and write there.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# one_kind <what> <option>...
one_kind()
{
	local what=$1

	shift
	ana inaccessible
	must 10 "no usable path" ana_seen inaccessible
	io_start -n 16 -q 16 -o write --registered --on-usr2 unregister "$@" "$ng"
	must 10 "commands that wait" io_stuck 16
	kill -USR2 "$io"
	# older kernels say this only when the commands are done
	check "$what: the buffers are taken back" \
		wait_for 20 grep -q '^unregister' "$io_log"
	ana optimized
	check "$what: all commands succeed" io_wait
	check "$what: and end the other" grep -q '^unregistered' "$io_log"
}

begin 12
need_tools nvme
nvmet_up 2 0
one_kind plain
one_kind sqpoll --mode sqpoll
one_kind defer --mode defer
one_kind async --mode async
finish
