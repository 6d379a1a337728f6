#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let the timeout of single commands expire: it ends the command,
# resets one controller, and leaves all others alone.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

recoveries()
{
	log_since_begin | grep -c 'starting error recovery'
}

# expires <what> [nvme_mpath_io option]...: a command that is held longer than
# its own time, beside some that have none
expires()
{
	local what=$1 before

	shift
	before=$(recoveries)
	hold
	io_start -n 4 -q 4 --first-lba 8192 -o write --same-data "$ng"
	must 10 "other commands in flight" io_stuck 4
	others=$io others_log=$io_log
	io_start -n 1 -q 1 --patience 60 -o read --timeout 500 "$@"
	check "$what: it is answered while the target holds it" \
		wait_for 15 ended "$io"
	kill "$io" 2>/dev/null
	# time for another controller to be reset, if that is to come
	wait_for 2 false
	check "$what: one controller was reset" is $((before + 1)) \
		"$(recoveries)"
	release
	io_wait
	check "$what: with the error that it has without failover" \
		is "-4:1" "$(io_value errors)"
	io=$others io_log=$others_log
	check "$what: commands without a time of their own succeed" io_wait
	must 20 "two live paths" paths_live 2
}

begin 9
need_tools nvme
io_timeout=/sys/module/nvme_core/parameters/io_timeout
[ -w "$io_timeout" ] || skip_all "no $io_timeout"
at_exit "echo $(cat "$io_timeout") >$io_timeout"
# the driver's own is not to expire meanwhile
echo 600 >"$io_timeout"
nvmet_up 2 0 -l 60
trace_path_errors
expires "io_uring" "$ng"
expires "ioctl" --engine io64 "$ng"

hold
io_start -n 4 -q 4 -o write --timeout 600000 "$ng"
must 10 "commands in flight" io_stuck 4
lose_all 4
release
check "a timeout that has not expired: lost by a reset, sent again" io_wait
finish
