# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# A target, nvmet: a port and a controller for each path, over $transport.

CONFIGFS=/sys/kernel/config
NVMET_NQN=nqn.2014-08.org.nvmexpress:nvme-mpath-test
HOST_NQN=nqn.2014-08.org.nvmexpress:uuid:6f6b5a2a-0a1e-4a52-9d8a-3d1f0f6a2b11
HOST_ID=6f6b5a2a-0a1e-4a52-9d8a-3d1f0f6a2b11
nvmet=$CONFIGFS/nvmet
# of namespace 1, and of what it may be instead
VOLUME_UUID=2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e01
# shellcheck disable=SC2034 # for tests
OTHER_UUID=2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e03

# null_blk_up <name> [attribute=value]...: a drive that keeps its data, of 64 MiB
null_blk_up()
{
	local d=$CONFIGFS/nullb/$1 a

	shift
	mkdir "$d" || return
	at_exit "echo 0 >$d/power; rmdir $d"
	for a in size=64 blocksize=512 memory_backed=1 "$@" power=1; do
		echo "${a#*=}" >"$d/${a%%=*}" || return
	done
}

# backend_up <latency ms>: sets $backend, until the exit commands run; zoned if $zoned
# is set
backend_up()
{
	local attributes=(submit_queues=2)

	at_exit "backend="
	[ -z "${zoned:-}" ] || attributes+=(zoned=1 zone_size=64)
	[ "$1" -eq 0 ] || attributes+=(irqmode=2 completion_nsec=$(($1 * 1000000)))
	null_blk_up mpath0 "${attributes[@]}" || return
	backend=/dev/mpath0
	gate_up
}

# linear_up <name> <device> <sectors>: a volume of its first sectors; sets $backend. The
# guest has no udev.
linear_up()
{
	command -v dmsetup >/dev/null || skip_all "not found: dmsetup"
	load_modules dm-mod
	dmsetup --noudevrules --noudevsync create "$1" --table "0 $3 linear $2 0" \
		2>"$tmp/dmsetup" || {
		sed 's/^/# /' "$tmp/dmsetup"
		return 1
	}
	at_exit "dmsetup --noudevrules --noudevsync remove $1"
	backend=/dev/dm-$(dmsetup info -c --noheadings -o minor "$1")
}

# gate_up: a device over the backend that can be closed: see hold()
gate_up()
{
	linear_up mpath-gate /dev/mpath0 "$(cat /sys/block/mpath0/size)"
}

# backend2_up: another backend, without data; sets $backend2
backend2_up()
{
	null_blk_up mpath1 || give_up "no second null_blk"
	# shellcheck disable=SC2034 # for the caller
	backend2=/dev/mpath1
}

# holds_zeroes <device>: and nothing else
holds_zeroes()
{
	is 0 "$(tr -d '\0' <"$1" | wc -c)"
}

# nvmet_ns_on <directory>
nvmet_ns_on()
{
	echo 1 >"$1/enable" || {
		dmesg | grep nvmet | tail -n 3 | sed 's/^/# /'
		give_up "nvmet refused namespace ${1##*/} on $(cat "$1/device_path")"
	}
}

# nvmet_ns_is <device> <uuid>: namespace 1 of the target becomes another volume
nvmet_ns_is()
{
	local d=$nvmet/subsystems/$NVMET_NQN/namespaces/1

	echo 0 >"$d/enable"
	echo -n "$1" >"$d/device_path"
	echo "$2" >"$d/device_uuid"
	nvmet_ns_on "$d"
}

# nvmet_ns_up <nsid> <uuid>: a namespace of the target; all share one backend. With
# reservations if $reservations is set and the target can do that.
nvmet_ns_up()
{
	local d=$nvmet/subsystems/$NVMET_NQN/namespaces/$1

	[ -d "$d" ] || {
		mkdir "$d" || give_up "no nvmet namespace $1"
		at_exit "echo 0 >$d/enable; rmdir $d"
		echo -n "$backend" >"$d/device_path"
	}
	echo "$2" >"$d/device_uuid"
	[ -z "${reservations:-}" ] || [ ! -e "$d/resv_enable" ] ||
		echo 1 >"$d/resv_enable"
	nvmet_ns_on "$d"
}

# no_timeouts: I/O commands may take long from here on, on a busy machine or when
# the target holds them
no_timeouts()
{
	local f=/sys/module/nvme_core/parameters/io_timeout

	[ -w "$f" ] || return
	set_file "$f" 600
}

# port_up <n>, port_down <n>: the subsystem on the port, or off it
port_up()
{
	ln -s "$nvmet/subsystems/$NVMET_NQN" "$nvmet/ports/$1/subsystems/"
}

port_down()
{
	rm "$nvmet/ports/$1/subsystems/$NVMET_NQN"
}

# all_ports <port_up|port_down>
all_ports()
{
	local p

	for p in $(seq "$nvmet_ports"); do
		"$1" "$p"
	done
}

# nvmet_target_up <ports> <latency ms>: the target, and no connection to it. It has
# a drive made for it, or $backend if that is set.
nvmet_target_up()
{
	local ports=$1 latency=$2 p d

	nvmet_ports=$ports
	load_modules null_blk
	transport_up "$ports"
	no_timeouts
	[ -d "$nvmet" ] || mount -t configfs none "$CONFIGFS" 2>/dev/null
	[ -d "$nvmet" ] || skip_all "no $nvmet (CONFIG_NVME_TARGET_TCP)"
	[ -d "$CONFIGFS/nullb" ] ||
		skip_all "no $CONFIGFS/nullb (CONFIG_BLK_DEV_NULL_BLK)"
	[ -c /dev/nvme-fabrics ] ||
		skip_all "no /dev/nvme-fabrics (CONFIG_NVME_TCP)"
	[ -n "${backend:-}" ] || backend_up "$latency" ||
		give_up "null_blk could not be made"

	d=$nvmet/subsystems/$NVMET_NQN
	mkdir "$d" || give_up "no nvmet subsystem"
	at_exit "rmdir $d"
	echo 1 >"$d/attr_allow_any_host"
	nvmet_ns_up 1 $VOLUME_UUID

	for p in $(seq "$ports"); do
		d=$nvmet/ports/$p
		mkdir "$d" || give_up "no nvmet port"
		at_exit "rm -f $d/subsystems/*; rmdir $d"
		transport_port "$p"
		port_up "$p" || give_up "nvmet port $p did not come up"
	done
}

# can_inject: before nvmet_up, where a test needs inject(). A kernel without fault
# injection gets relays in front of the ports, which change what the target answers.
can_inject()
{
	load_modules nvme-core
	grep -q ' nvme_fault_inject_init' /proc/kallsyms || relays=1
}

relays=0

# nvmet_up <ports> <latency ms> [nvme connect option]...: sets $head and $ng
nvmet_up()
{
	local ports=$1 p

	nvmet_target_up "$1" "$2"
	shift 2
	[ "$relays" = 0 ] || all_ports relay_up
	at_exit "nvme disconnect -n $NVMET_NQN"
	for p in $(seq "$ports"); do
		nvmet_connect "$p" "$@" || give_up "nvme connect failed"
	done
	must 10 "head" find_head "$NVMET_NQN"
	must 10 "$ports live paths" paths_live "$ports"
}

# nvmet_connect <port> [nvme connect option]...: the long keep-alive timeout keeps
# a target on a busy machine from giving the controller up
nvmet_connect()
{
	local options

	transport_options "$1"
	shift
	nvme connect "${options[@]}" -n "$NVMET_NQN" \
		-q "$HOST_NQN" -I "$HOST_ID" -i 2 -Q 64 -c 1 \
		-k $((30 * SLOW)) "$@" \
		>"$tmp/connect" 2>&1 || {
		sed 's/^/# /' "$tmp/connect"
		return 1
	}
}

# disconnect: the host deletes all controllers of the target
disconnect()
{
	nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect" 2>&1
}

# disconnect_all, connect_all: until no controller is left; to all ports again
disconnect_all()
{
	disconnect
	wait_for 10 no_ctrl
}

connect_all()
{
	local p

	for p in $(seq "$nvmet_ports"); do
		nvmet_connect "$p" || return
	done
}

# check_nothing_left: a command left on the head would pin it, and its subsystem
check_nothing_left()
{
	disconnect
	check "the subsystem goes after a disconnect: no command pins the head" \
		wait_for 10 subsys_gone
}
