#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end processes that have commands waiting on a head, by SIGKILL,
# exit, exec, close of the ring and SIGTERM, with no path in sight.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# the_end <description> <signal> <2nd option> [nvme_mpath_io option]...
the_end()
{
	local what=$1 signal=$2 at_usr2=$3

	shift 3
	ana inaccessible
	io_start -n 64 -q 64 --patience 600 --on-usr2 "$at_usr2" "$@" "$ng"
	must 10 "commands that wait" io_stuck 64
	check "$what: ends with no path in sight" \
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
io_start -n 100 -o rw "$ng"
check "the head works as before" io_wait

# whatever still hung on the head would pin it, and that its subsystem
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
check "nothing is left on the head" wait_for 10 subsys_gone
finish
