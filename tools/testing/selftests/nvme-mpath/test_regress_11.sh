#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let commands wait for another one of their chain while the application
# reuses their SQEs: what is executed is the command that was submitted.
# stock: fail pass:7.3
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# chained <what> [nvme_mpath_io option]...
chained()
{
	local what=$1

	shift
	held_load 16 -n 64 --reuse-sqes -o rw "$@" "$ng"
	release
	check "$what: commands that wait for their turn are those that were submitted" \
		io_wait
}

begin 4
need_tools nvme
nvmet_up 2 0 -l 600
chained "links" --mode link
chained "hard links" --mode hardlink
chained "behind an fsync" --mode fsync
chained "links with drain" --mode link,drain
finish
