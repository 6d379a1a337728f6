#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will hold commands for minutes after the loss of their path: only those
# that change data, and their errors; reads go on, the setting releases them, and
# SIGKILL, the end of the ring and the end of the head do not wait.
# stock: fail panic
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# ioctl_load: one write; sets $ioctl
ioctl_load()
{
	io_start -n 1 -q 1 -o write --same-data --engine io64 "$ng"
	ioctl=$io
}

refused_words()
{
	local w

	for w in "" -1 -2 cq off1 100ms 99999999999; do
		! { echo "$w" >"/sys/block/$head/passthru_delayed_retry"; } \
			2>/dev/null || return 1
	done
	is 1000 "$(cat "/sys/block/$head/passthru_delayed_retry")"
}

begin 25
need_tools nvme
# three of them are minutes
wire_kato=60
relayed_up -Q 64 -P 1
check "the default is cqt" \
	is cqt "$(cat "/sys/block/$head/passthru_delayed_retry" 2>/dev/null)"
check "passthru_delayed_retry takes a number" delayed_retry 1000
check "other words and numbers are refused" refused_words

only_wire_up
io_start -n 8 -q 8 -o write --same-data "$ng"
writes=$io
io_start -n 8 -q 8 --opcode 0x80 "$ng"
unsafe=$io
io_start -n 8 -q 8 -o read "$ng"
reads=$io
ioctl_load
lose_wire 25
io_use "$reads"
check "all 8 reads succeed while writes are held" io_wait
check "8 writes, 8 errors and an ioctl are held" wait_for 10 count_is held 17
io_use "$writes"
check "no write is answered" io_stuck 8
io_use "$unsafe"
check "no error is reported" io_stuck 8
delayed_retry off
check "off: the 8 errors are reported" eval '! io_wait'
check "off: they are the host's path error" is "0x371:8" "$(io_value errors)"
io_use "$writes"
check "off: all 8 writes succeed" io_wait
io_use "$ioctl"
check "off: the ioctl succeeds" io_wait
check "none is held any more" count_is held 0
wire_mend

# KILL, then closing the rings
for signal in KILL USR2; do
	only_wire_up
	delayed_retry 1000
	rings=()
	for mode in coop defer iopoll; do
		io_start -n 8 -q 8 -o write --same-data --on-usr2 close \
			--mode $mode "$ng"
		rings+=("$io")
	done
	ioctl_load
	lose_wire 25
	must 10 "25 held commands" count_is held 25
	check "SIGKILL ends the ioctl that is held" io_end KILL -
	for io in "${rings[@]}"; do
		io_use "$io"
		check "8 commands held end at once: SIG$signal" \
			io_end $signal "$([ $signal = KILL ] || echo close)"
	done
	check "none of them is held any more" wait_for 10 count_is held 0
	wire_mend
done

only_wire_up
io_start -n 8 -q 8 -o write --same-data "$ng"
lose_wire 8
must 10 "8 held commands" count_is held 8
wire_mend
disconnect_all
check "no command is answered although the head is gone" io_stuck 8
check "SIGKILL ends the 8 commands of a head that is gone" io_end KILL -
check "the head and its subsystem are freed" wait_for 10 subsys_gone
finish
