#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will end processes and rings of every mode that have parked commands,
# and see that they end while no path is usable.
# stock: fail
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# the_end <how> <signal> <action of --on-usr2> <mode>
the_end()
{
	local how=$1 signal=$2 at_usr2=$3 mode=$4

	parked_load 16 --patience 600 --on-usr2 "$at_usr2" --mode "$mode" "$ng"
	io_end "$signal" "$at_usr2" || times+=" DID NOT END:"
	times+=$(printf ' %s %d ms,' "$how" "$took")
}

all_ends()
{
	local mode=$1 times=''

	the_end SIGKILL KILL ignore "$mode"
	the_end exit USR2 exit "$mode"
	the_end exec USR2 exec "$mode"
	the_end close USR2 close "$mode"
	ktap_print_msg "$mode:$times"
	[[ $times != *NOT* ]]
}

begin 10
need_tools nvme
nvmet_up 2 0
ana inaccessible
for mode in coop,flag sqpoll iopoll sqpoll,iopoll defer,iopoll async \
	async,iopoll file,ring; do
	check "$mode: SIGKILL, exit, exec and close end with 16 commands parked, without a path" \
		all_ends "$mode"
done

ana optimized
check_works
check_nothing_left
finish
