#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let the timeout_ms of single commands expire: that ends the
# command, resets one controller, and leaves the other commands alone.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

recoveries()
{
	log_since_begin | grep -c 'starting error recovery'
}

# expires <what> [nvme_mpath_io option]...: a command is held longer than its own
# timeout, beside commands without one
expires()
{
	local what=$1 before

	shift
	before=$(recoveries)
	held_load 4 -n 4 --first-lba 8192 -o write --same-data "$ng"
	others=$io
	io_start -n 1 -q 1 --patience 60 -o read --timeout 500 "$@"
	check "$what: a command ends by its timeout while the target holds it" \
		wait_for 15 ended "$io"
	kill "$io" 2>/dev/null
	# a kernel that resets a second controller does so in this time
	wait_for 2 false
	check "$what: the timeout has reset exactly one controller" \
		is $((before + 1)) \
		"$(recoveries)"
	release
	io_wait
	check "$what: the timed-out command ends with -EINTR, as without failover" \
		is "-4:1" "$(io_value errors)"
	io_use "$others"
	check "$what: the other 4 commands in flight succeed" io_wait
	must 20 "two live paths" paths_live 2
}

begin 9
need_tools nvme
io_timeout=/sys/module/nvme_core/parameters/io_timeout
[ -w "$io_timeout" ] || skip_all "no $io_timeout"
at_exit "echo $(cat "$io_timeout") >$io_timeout"
# the timeout of the driver must not expire meanwhile
echo 600 >"$io_timeout"
nvmet_up 2 0 -l 600
trace_path_errors
expires "io_uring" "$ng"
expires "ioctl" --engine io64 "$ng"

held_load 4 -n 4 -o write --timeout 600000 "$ng"
lose_all 4
release
check "all 4 commands lost by a reset before their timeout succeed on retry" io_wait
finish
