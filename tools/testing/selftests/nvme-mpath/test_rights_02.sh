#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have processes give up their privileges while commands that need
# them are in flight, and lose the paths: a retry has the rights of its submission.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# drops <what> [nvme_mpath_io option]...: writes, by a file open for reading only
drops()
{
	local what=$1

	shift
	hold
	io_start -r -n 8 -q 8 -o write -s -2 setuid "$@" "$ng"
	must 10 "8 writes in flight" io_stuck 8
	kill -USR2 "$io"
	must 5 "no privileges" grep -q ^setuid "$io_log"
	lose_all 8
	release
	check "$what: writes of root are sent again for nobody" io_wait
}

begin 5
need_tools nvme
nvmet_up 2 0 -l 60
trace_path_errors
chmod 666 "$ng"
drops "plain"
drops "DEFER_TASKRUN" -m defer
drops "SQPOLL" -m sqpoll
drops "io-wq" -m async
io_start -r -u 65534 -n 8 -q 8 -o write "$ng"
io_wait
check "nobody's own are refused" is "-13:8" "$(io_value errors)"
finish
