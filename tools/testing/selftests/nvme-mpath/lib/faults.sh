# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# Faults. port_down is in nvmet.sh, pci_pull in pcie.sh.

# 0 or 1: the one CPU that goes and comes
# shellcheck disable=SC2034 # for the tests
CPU=/sys/devices/system/cpu/cpu1/online

# hold: the target executes no more commands on the backend until release. The
# commands that the host has sent stay in flight, however busy the machine is.
hold()
{
	# at the end it comes first, or the target waits for the commands it has
	at_exit release
	must 20 "commands that are held" dmsetup --noudevsync suspend \
		--noflush --nolockfs mpath-gate
}

release()
{
	dmsetup --noudevsync resume mpath-gate
}

# hold_load <n>: hold, and see that n commands of the load are in flight
hold_load()
{
	hold
	must 20 "$1 commands in flight" io_stuck "$1"
}

# held_load <n> [nvme_mpath_io option]... <node>: a load with n commands, and no
# more, that are held in flight
held_load()
{
	local n=$1

	shift
	hold
	io_start -q "$n" "$@"
	must 20 "$n commands in flight" io_stuck "$n"
}

# ana <state> [port]...: all ports without one
ana()
{
	local state=$1 p

	shift
	[ $# -gt 0 ] || set -- $(seq "$nvmet_ports")
	for p in "$@"; do
		echo "$state" >"$nvmet/ports/$p/ana_groups/1/ana_state"
	done
}

# ana_seen <state> [controller]...: the host knows that these paths of $head, or
# all, are in it
ana_seen()
{
	local state=$1 c which

	shift
	which=("$@")
	[ $# -gt 0 ] || mapfile -t which < <(ctrls)
	for c in "${which[@]}"; do
		[ "$(cat "/sys/class/nvme/$c/$(path_of_ctrl "$c")/ana_state")" \
			= "$state" ] || return
	done
}

# no_usable_path <inaccessible|change>: all paths in that state, and the host
# knows it
no_usable_path()
{
	ana "$1"
	must 20 "no usable path" ana_seen "$1"
}

# usable_paths: all paths optimized again, and the host knows it
usable_paths()
{
	ana optimized
	must 20 "usable paths" ana_seen optimized
}

# ana_unannounced <state> <port>: the target does not tell the host, which learns it
# only from the commands that the port refuses
ana_unannounced()
{
	set_events "$(ctrl_of_port "$2")" 0
	ana "$1" "$2"
}

# ana_announced <state> <port>: after ana_unannounced; the host hears of it again
ana_announced()
{
	# namespaces, firmware, ANA: what the driver enables
	set_events "$(ctrl_of_port "$2")" 0x900
	ana "$1" "$2"
}

# set_events <controller> <mask>: its asynchronous events
set_events()
{
	nvme set-feature "/dev/$1" --feature-id=0xb --value="$2" \
		>"$tmp/events" 2>&1 || give_up "$(cat "$tmp/events")"
}

# reset_one <controller>: until all are live again
reset_one()
{
	local n

	n=$(ctrls | wc -l)
	echo 1 >"/sys/class/nvme/$1/reset_controller"
	must 20 "live paths after a reset" paths_live "$n"
}

# reset_all: all controllers of $subsys at once, until they are live again
reset_all()
{
	local c n=0 pids=()

	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/reset_controller" &
		pids+=($!)
		n=$((n + 1))
	done
	wait "${pids[@]}"
	must 20 "live paths after a reset" paths_live "$n"
}

reset_loses()
{
	reset_all
	wait_for 2 saw_path_errors "$1"
}

# lose_all <n>: reset all controllers: the n commands that are held are lost
lose_all()
{
	# a command that has just failed over may not be sent when the reset comes
	must 60 "$1 commands lost" reset_loses $(($(path_errors) + $1))
}

# inject <path or controller> <status> <times> [first] [cns]: so many commands on
# that path, or admin commands, end with it (-1: all), from the first-th on. Without
# fault injection in the kernel a relay does it (see can_inject): from the first
# Identify with that CNS on, if one is given.
inject()
{
	local d=/sys/kernel/debug/$1/fault_inject

	[ -d "$d" ] || {
		relay_fails "$1" "$2" "$3" "${4:-1}" "${5:-}"
		return
	}
	echo $(($2 & 0x4000 ? 1 : 0)) >"$d/dont_retry"
	echo $(($2 & 0x7ff)) >"$d/status"
	echo 1 >"$d/interval"
	echo "$3" >"$d/times"
	echo "${4:-1}" >"$d/space"
	echo 0 >"$d/verbose"
	echo 100 >"$d/probability"
	at_exit "echo 0 >$d/probability"
}

injected_all()
{
	local d=/sys/kernel/debug/$1/fault_inject

	if [ -d "$d" ]; then
		[ "$(cat "$d/times")" = 0 ]
	else
		relay_failed_all "$1"
	fi
}

inject_none()
{
	local d=/sys/kernel/debug/$1/fault_inject

	if [ -d "$d" ]; then
		echo 0 >"$d/probability"
	else
		relay_fails "$1" 0 0 1
	fi
}

# inject_paths <status> <times>: on each path of $head
inject_paths()
{
	local c

	for c in $(ctrls); do
		inject "$(path_of_ctrl "$c")" "$1" "$2"
	done
}

inject_no_paths()
{
	local c

	for c in $(ctrls); do
		inject_none "$(path_of_ctrl "$c")"
	done
}

# lose_answers <path> <n>: so many commands on that path stay in flight: the driver
# takes no notice of the controller's answers
lose_answers()
{
	local d=/sys/kernel/debug/fail_io_timeout p=/sys/block/$1/io-timeout-fail

	[ -d "$d" ] || skip_all "no $d (CONFIG_FAIL_IO_TIMEOUT)"
	at_exit "echo 0 >$d/probability"
	echo 0 >"$d/verbose"
	echo 1 >"$d/interval"
	echo "$2" >"$d/times"
	echo 100 >"$d/probability"
	echo 1 >"$p"
}

answers_lost()
{
	[ "$(cat /sys/kernel/debug/fail_io_timeout/times)" = 0 ]
}

loses_namespaces()
{
	[ "$(ctrl_state "$1")" = "deleting (no IO)" ]
}

# expire_while_deleted: 5 checks. A command times out while its controller is deleted:
# that waits for it, and for 16 other commands, which the target holds.
expire_while_deleted()
{
	local c others expires deletion

	# one I/O queue: all commands of the path are on it
	nvmet_up 2 0 -l 600 -i 1
	ana inaccessible 2
	must 20 "one usable path" ana_seen inaccessible "$(ctrl_of_port 2)"
	c=$(ctrl_of_port 1)

	held_load 16 -n 16 -o write --same-data "$ng"
	others=$io
	# late enough, on an idle machine, for the deletion to have begun
	io_start -n 1 -q 1 --first-lba 8192 --patience 60 -o read \
		--timeout $((3000 * SLOW)) "$ng"
	expires=$io
	must 10 "a command in flight" io_pending 1
	echo 1 >"/sys/class/nvme/$c/delete_controller" &
	deletion=$!
	must 5 "a controller that removes its namespaces" loses_namespaces "$c"
	check "a command times out while its controller is deleted" \
		wait_for 10 log_has "$c: I/O .*timeout"
	ana optimized 2
	release
	check "the other 16 commands of its queue end soon" \
		wait_for 10 ended "$others"
	io_use "$others"
	kill -TERM "$others" 2>/dev/null
	check "they succeed on the other path" io_wait
	check "the controller goes" wait_for 10 ended $deletion
	io_use "$expires"
	io_wait
	check "the command that timed out ends with -EINTR" \
		is "-4:1" "$(io_value errors)"
}
