#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will take registered buffers back while parked commands use them, and
# see that these commands still find their data there.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# one_kind <what> <option>...
one_kind()
{
	local what=$1

	shift
	no_usable_path inaccessible
	parked_load 16 -o write --registered --on-usr2 unregister "$@" "$ng"
	kill -USR2 "$io"
	# older kernels return from it only when the commands are done
	check "$what ring: the application starts to unregister buffers of 16 parked commands" \
		wait_for 20 grep -q '^unregister' "$io_log"
	ana optimized
	check "$what ring: the parked commands succeed when a path is usable" \
		io_wait
	check "$what ring: the application has unregistered the buffers" \
		grep -q '^unregistered' "$io_log"
}

begin 12
need_tools nvme
nvmet_up 2 0
one_kind plain
one_kind sqpoll --mode sqpoll
one_kind defer --mode defer
one_kind async --mode async
finish
