#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let commands wait for a tag while the application reuses what they came
# with, SQEs and registered buffers: what is executed is the command that was submitted.
# stock: fail pass:7.3
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# more_than_tags <what> [nvme_mpath_io option]...: 200 at a time
more_than_tags()
{
	local what=$1

	shift
	held_load 200 -n 400 -o rw "$@" "$ng"
	release
	check "$what: commands that wait for a tag are those that were submitted" io_wait
}

# buffers_taken_back <what> [nvme_mpath_io option]...
buffers_taken_back()
{
	local what=$1

	shift
	held_load 200 -n 200 -o write --registered --on-usr2 unregister "$@" "$ng"
	kill -USR2 "$io"
	must 20 "buffers that are taken back" grep -q '^unregister' "$io_log"
	# older kernels return from it only when the commands are done
	wait_for 1 grep -q '^unregistered' "$io_log"
	release
	check "$what: commands that wait for a tag have the buffers of their submission" \
		io_wait
}

begin 5
need_tools nvme
nvmet_up 2 0 -l 600
more_than_tags "default policy"
buffers_taken_back "default policy"
[ ! -e "/sys/block/$head/passthru_failover" ] || policy none
more_than_tags "no policy"
more_than_tags "no policy, vectored" --vectored
buffers_taken_back "no policy"
finish
