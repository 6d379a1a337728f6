#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will lose commands whose controller has no keep alive timeout and reports
# no Command Quiesce Time: with passthru_delayed_retry as a number nothing proves that
# it has stopped. Writes end with their path error, also that of an ioctl, and reads
# go on.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# no_keep_alive <controller>: by Set Features, as a connection has to have a timeout
no_keep_alive()
{
	nvme set-feature "/dev/$1" --feature-id=0xf --value=0 >"$tmp/feature" 2>&1 ||
		give_up "$(cat "$tmp/feature")"
	is 0 "$(cat "/sys/class/nvme/$1/kato")" ||
		give_up "$1 has a keep alive timeout"
}

begin 7
need_tools nvme
relayed_up -Q 64
check "passthru_delayed_retry takes a number" delayed_retry 1000
no_keep_alive "$(ctrl_of_port 1)"
io_start --wait-for-usr2 -n 8 -q 8 -o read "$ng"
reads=$io
io_start --wait-for-usr2 -n 8 -q 8 -o write --same-data "$ng"
writes=$io
io_start --wait-for-usr2 -n 1 -q 1 -o write --same-data --engine io64 "$ng"
ioctl=$io
only_wire_up
start_on_wire "$reads" "$writes" "$ioctl"
lose_wire 17
io_use "$reads"
check "all 8 reads succeed" io_wait
io_use "$writes"
io_wait
check "8 writes end with the host's path error" is "0x371:8" "$(io_value errors)"
io_use "$ioctl"
io_wait
check "the write of an ioctl ends with the host's path error" \
	is "0x371:1" "$(io_value errors)"
check "9 commands were refused" count_is refused 9
check "the kernel log says why" log_has "neither KATO nor CQT"
check "none is held any more" count_is held 0
wire_mend
finish
