# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Heads, controllers and paths.

# find_head <subsystem NQN> [nsid]: sets $head (nvme0n1), $ng (/dev/ng0n1), $subsys
find_head()
{
	local s node

	for s in /sys/class/nvme-subsystem/*; do
		[ "$(cat "$s/subsysnqn" 2>/dev/null)" = "$1" ] || continue
		for node in "$s"/nvme*n*; do
			[[ ${node##*/} =~ ^nvme[0-9]+n[0-9]+$ ]] || continue
			# the name counts discoveries, it does not tell the NSID
			[ "$(cat "$node/nsid" 2>/dev/null)" = "${2:-1}" ] ||
				continue
			subsys=$s
			head=${node##*/}
			ng=/dev/ng${head#nvme}
			[ -c "$ng" ] && [ -b "/dev/$head" ] && return 0
		done
	done
	return 1
}

# find_subsys <subsystem NQN>: sets $subsys, also where it has no head
find_subsys()
{
	local s

	for s in /sys/class/nvme-subsystem/*; do
		[ "$(cat "$s/subsysnqn" 2>/dev/null)" != "$1" ] || subsys=$s
	done
	[ -n "${subsys:-}" ]
}

# The controllers of $subsys, one a line
ctrls()
{
	local c

	for c in "$subsys"/nvme*; do
		[[ ${c##*/} =~ ^nvme[0-9]+$ ]] && [ -d "$c/" ] &&
			echo "${c##*/}"
	done
}

no_ctrl()
{
	[ -z "$(ctrls)" ]
}

ctrl_state()
{
	cat "/sys/class/nvme/$1/state" 2>/dev/null || echo gone
}

# subsys_gone: nothing pins a head of $subsys any more
subsys_gone()
{
	[ ! -e "$subsys" ]
}

# paths_live <n>: exactly n controllers of $subsys are live
paths_live()
{
	local c n=0

	for c in $(ctrls); do
		[ "$(ctrl_state "$c")" != live ] || n=$((n + 1))
	done
	[ "$n" -eq "$1" ]
}

# paths_connecting: all controllers of $subsys try to reconnect
paths_connecting()
{
	local c

	for c in $(ctrls); do
		[ "$(ctrl_state "$c")" = connecting ] || return
	done
}

# ctrls_at <TCP port>: the nvme-tcp controllers that are connected to it
ctrls_at()
{
	local c

	for c in $(ctrls); do
		! grep -q "trsvcid=$1\(,\|$\)" "/sys/class/nvme/$c/address" ||
			echo "$c"
	done
}

# ctrl_of_port <n>: the controller that is connected to nvmet port n
ctrl_of_port()
{
	local c at
	# shellcheck disable=SC2034 # host_address sets them
	local adrfam traddr trsvcid

	host_address "$1"
	at=traddr=$traddr${trsvcid:+,trsvcid=$trsvcid}
	for c in $(ctrls); do
		[[ $(cat "/sys/class/nvme/$c/address"), != "$at",* ]] ||
			echo "$c"
	done
}

# path_of_ctrl <nvmeX>: the name of its path to $head, nvme0c1n1
path_of_ctrl()
{
	local p

	for p in "/sys/class/nvme/$1"/nvme*c*n"${head##*n}"; do
		echo "${p##*/}"
	done
}

# has_path, lacks_path: of $head
has_path()
{
	[ -n "$(find "$subsys" -follow -maxdepth 2 \
		-name "${head%n*}c*n${head##*n}" 2>/dev/null)" ]
}

lacks_path()
{
	! has_path
}

# rescan: all controllers of $subsys look for namespaces
rescan()
{
	local c

	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/rescan_controller"
	done
}

# iopolicy <policy>: of $subsys, until the end of the test
iopolicy()
{
	at_exit "echo numa >$subsys/iopolicy"
	echo "$1" >"$subsys/iopolicy"
}

# round_robin: each path gets its share of the commands
round_robin()
{
	iopolicy round-robin
}

# fast_io_fail <seconds>: of all controllers of $subsys; after that time without
# a connection queued block I/O fails
fast_io_fail()
{
	local c

	for c in $(ctrls); do
		echo "$1" >"/sys/class/nvme/$c/fast_io_fail_tmo"
	done
}

# find_node <port>: sets $ctrl and $ng, the node of its path; without multipath
find_node()
{
	local n

	ctrl=$(ctrl_of_port "$1")
	for n in /sys/class/nvme/"$ctrl"/nvme*n*; do
		ng=/dev/ng${n##*/nvme}
		[ ! -c "$ng" ] || return 0
	done
	return 1
}

# find_disk: sets $head and $ng, of the one controller of nvmet, without multipath
find_disk()
{
	find_subsys "$NVMET_NQN" && find_node 1 || return
	head=nvme${ng#/dev/ng}
	[ -b "/dev/$head" ]
}
