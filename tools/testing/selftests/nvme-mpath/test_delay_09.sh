#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will ask a head without a path for its NSID, and run nvme-cli on it:
# the head, kept by delayed_removal_secs, knows the NSID; what a controller has to
# answer fails at once.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# ns_id <node>: by NVME_IOCTL_ID
ns_id()
{
	nvme get-ns-id "$1" 2>&1 | tee "$tmp/id" | sed -n 's/.*namespace-id://p'
}

# at_once <command>...: it ends, whatever it says
at_once()
{
	timeout $((20 * SLOW)) "$@" >"$tmp/out" 2>&1
	[ $? -lt 124 ]
}

# refused <message> <command>...: it ends, and says so
refused()
{
	at_once "${@:2}" || return
	grep -q "$1" "$tmp/out" || {
		sed 's/^/# /' "$tmp/out"
		return 1
	}
}

# check_ids <when>
check_ids()
{
	local node

	for node in "$ng" "/dev/$head"; do
		check "$1: NVME_IOCTL_ID on $node is 1" is 1 "$(ns_id "$node")"
	done
}

lists()
{
	nvme list | grep -q "$1"
}

begin 17
need_tools nvme fio
nvmet_up 2 0
check_ids "two paths"

no_usable_path inaccessible
check_ids "no usable path"
usable_paths

must 1 "a delay" delay_for 600
disconnect_all
check_ids "no path"
check "no path: nvme list ends" at_once nvme list
sed 's/^/# /' "$tmp/out"
check "no path: nvme list-subsys ends" at_once nvme list-subsys
sed 's/^/# /' "$tmp/out"
check "no path: nvme id-ns on the char node fails at once" refused \
	"Resource temporarily unavailable" nvme id-ns "$ng" -n 1
check "no path: nvme id-ns on the block node fails at once" refused \
	"Resource temporarily unavailable" nvme id-ns "/dev/$head" -n 1
check "no path: fio on the char node fails at once" refused \
	"failed to fetch identify" fio --name=x --filename="$ng" \
	--ioengine=io_uring_cmd --cmd_type=nvme --rw=read --bs=4k --size=4k

# the tool asks for the NSID, as liburing's examples do
io_start --nsid 0 -n 8 -q 8 -o write "$ng"
check "no path: a tool that is started then waits with 8 commands" \
	wait_for 10 io_stuck 8
connect_all
must 30 "two live paths" paths_live 2
check "its commands succeed when a path is back" io_wait
check_ids "two paths again"
check "two paths again: nvme id-ns succeeds" nvme id-ns "$ng" -n 1
check "two paths again: nvme list shows the head" \
	lists "$head"
finish
