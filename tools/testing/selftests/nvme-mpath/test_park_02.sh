#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will delete all paths under load and see that every command ends with
# -EIO: those in flight, those parked, and those sent later.
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

# 16 commands are parked: the head still has available paths
ana inaccessible
io_start -n 16 -o rw "$ng"
parked=$io
must 10 "commands that wait" io_stuck 16
# others are sent all the time, some are in flight when the paths go
ana optimized 1
io_start -t 600 -o rw "$ng"
must 10 "load" io_busy
disconnect
check "commands fail that are sent after the last path went" \
	wait_for 10 new_commands_fail
io_stop
check "commands of the running load end with -EIO and no other error" \
	io_errors_only -5
check "each command of the running load was answered once" test $io_status -eq 1

io_use "$parked"
wait "$io"
check "each parked command was answered once" test $? -le 1
check "each parked command ended with success or -EIO" io_errors_only -5
finish
