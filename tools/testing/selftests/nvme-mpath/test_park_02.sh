#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will delete all paths under load and see that every command ends
# with -EIO, those in flight, those that wait, and those that come later.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

new_commands_fail()
{
	local before

	io_report || return
	before=$(io_value failed)
	sleep 0.2
	io_report && [ "$(io_value failed)" -gt "$before" ]
}

begin 5
need_tools nvme
nvmet_up 2 20

# 16 commands wait on the head, for it still has paths that may come back
ana inaccessible
io_start -n 16 -o rw "$ng"
waiting=$io waiting_log=$io_log
must 10 "commands that wait" io_stuck 16
# and others come all the time, some of them in flight when the end is there
ana optimized 1
io_start -t 600 -o rw "$ng"
must 10 "load" io_busy
nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect"
check "no path left: new commands fail" wait_for 10 new_commands_fail
io_stop
check "with -EIO and nothing else" io_errors_only -5
check "each was answered once" test $io_status -eq 1

io=$waiting io_log=$waiting_log
wait "$io"
check "those that waited were answered once" test $? -le 1
check "with success or -EIO" io_errors_only -5
finish
