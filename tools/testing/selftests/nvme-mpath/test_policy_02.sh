#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will inject path errors under policy "none", and compare what the
# application sees with the unpatched kernel: both pass this test.
# stock: pass
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 4
need_tools nvme
can_inject
nvmet_up 2 5 -l 600
policy none || give_up "policy"
ctrl=$(ctrl_of_port 1)
path=$(path_of_ctrl "$ctrl")

for status in 0x371 0x370 0x300 0x302; do
	inject "$path" $status 5
	io_start -n 40 -q 8 "$ng"
	io_wait
	inject_none "$path"
	check "policy none: the application sees all 5 path errors $status" \
		is "$status:5" "$(io_value errors)"
done
finish
