#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end processes that have parked commands, by SIGKILL, exit, exec
# and close of the ring, while no path is usable.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# the_end <description> <signal> <action of --on-usr2> [nvme_mpath_io option]...
the_end()
{
	local what=$1 signal=$2 at_usr2=$3

	shift 3
	ana inaccessible
	parked_load 64 --patience 600 --on-usr2 "$at_usr2" "$@" "$ng"
	check "$what ends with 64 commands parked, without a path" \
		io_end "$signal" "$at_usr2"
	ktap_print_msg "$what: took $took ms"
}

begin 10
need_tools nvme
nvmet_up 2 0

the_end "SIGKILL" KILL ignore
the_end "SIGKILL, DEFER_TASKRUN" KILL ignore --mode defer
the_end "exit" USR2 exit
the_end "exit, DEFER_TASKRUN" USR2 exit --mode defer
the_end "exec" USR2 exec
the_end "exec, DEFER_TASKRUN" USR2 exec --mode defer
the_end "close of the ring" USR2 close
the_end "close of the ring, DEFER_TASKRUN" USR2 close --mode defer

ana optimized
check_works

check_nothing_left
finish
