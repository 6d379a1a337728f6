#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will change the policy while commands and ioctls are parked or retried:
# the new policy decides about them.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

count_is_over()
{
	[ "$(count "$1")" -gt "$2" ]
}

# ioctl_start [nvme_mpath_io option]...: one; sets $ioctl
ioctl_start()
{
	io_start -n 1 -q 1 --engine io64 "$@" "$ng"
	ioctl=$io
}

# ioctl_ends <error>: it may not wait for the end of the fault
ioctl_ends()
{
	wait_for 10 ended "$ioctl" || return
	io_use "$ioctl"
	io_wait
	is "$1:1" "$(io_value errors)"
}

begin 10
need_tools nvme
can_inject
nvmet_up 2 5

no_usable_path change
io_start -n 16 -o rw "$ng"
check "idempotent: 16 commands without a usable path are parked" \
	wait_for 10 io_stuck 16
check "idempotent: passthru_parked is 16" count_is parked 16
parked=$io
ioctl_start -o write
must 10 "an ioctl that waits as well" are_parked 17
io_use "$parked"
policy none
io_wait
check "idempotent changed to none: the 16 parked commands end with -EIO" \
	is "-5:16" "$(io_value errors)"
check "idempotent changed to none: an ioctl that waits for a path ends with -EIO" \
	ioctl_ends -5
check "idempotent changed to none: passthru_parked is 0" count_is parked 0

policy none
io_start -n 16 --flags failover -o rw "$ng"
check "none: 16 commands with FAILOVER are parked" wait_for 10 io_stuck 16
ana optimized
check "none: parked commands with FAILOVER succeed when a path is usable" \
	io_wait

# each attempt gets a path error, over and over
policy all
inject_paths 0x371 1000000
io_start --opcode 0x81 -n 16 "$ng"
check "all: vendor commands are retried more than 100 times" \
	wait_for 10 count_is_over failed_over 100
vendor=$io
ioctl_start --opcode 0x81
io_use "$vendor"
policy idempotent
io_wait
check "all changed to idempotent: maybe executed vendor commands end" \
	is "0x371:16" "$(io_value errors)"
check "all changed to idempotent: a vendor command of an ioctl ends with its path error" \
	ioctl_ends 0x371
finish
