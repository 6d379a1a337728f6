#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test: loads on two paths through the same faults, one after the other, each
# five times. The contenders depend on the kernel: see below. Prints the lines of
# nvme_load, names the faults in the order in which they come, and says which keep
# alive timeout in s finds a cut wire: "# kato". A relay carries the first path.
# timeout: 800
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/../../tools/testing/selftests/nvme-mpath
# shellcheck source=lib.sh
. ./lib.sh

rounds=5
# the default of nvme-cli
kato=5

# load <name> <node> [option]...
load()
{
	local name=$1 node=$2

	shift 2
	./bench/nvme_load --name "$name" -t 300 "$@" "$node" >"$tmp/$name" 2>&1 &
	loads+=($!)
	names+=("$name")
	at_exit "kill -9 $!"
	wait_for 10 grep -q ready "$tmp/$name" ||
		give_up "load $name: $(cat "$tmp/$name")"
}

# The paths of a kernel without native multipath, one a line
disks()
{
	local c d

	for c in $(ctrls); do
		for d in "/sys/class/nvme/$c"/nvme*n*; do
			[ ! -e "/dev/${d##*/}" ] || echo "/dev/${d##*/}"
		done
	done
}

two_disks()
{
	[ "$(disks | wc -l)" -eq 2 ]
}

# dm <name> <queue mode>: a map over both paths
dm()
{
	local paths

	paths=$(disks | sed 's/$/ 1/' | tr '\n' ' ')
	dmsetup --noudevsync --noudevrules create "$1" --table "0 \
$(blockdev --getsz "$(disks | head -n 1)") multipath \
3 queue_if_no_path queue_mode $2 0 1 1 round-robin 0 2 1 $paths" ||
		give_up "no dm-multipath in mode $2"
	maps+=("$1")
}

# dm_node <name>: the guest has no udev that would give it a better one
dm_node()
{
	echo "/dev/dm-$(dmsetup info -c --noheadings -o minor "$1")"
}

# check_paths does the work of multipathd: it reinstates a path that is back.
# multipathd checks every five seconds by default, this one every tenth of a second,
# in favour of dm.
check_paths()
{
	local c d map

	while sleep 0.1; do
		for c in $(ctrls); do
			[ "$(ctrl_state "$c")" = live ] || continue
			for d in "/sys/class/nvme/$c"/nvme*n*; do
				for map in "${maps[@]}"; do
					dmsetup status "$map" |
						grep -q "$(cat "$d/dev") F" &&
						dmsetup message "$map" 0 \
						"reinstate_path $(cat "$d/dev")"
				done
			done
		done
	done >/dev/null 2>&1
}

both_live()
{
	paths_live 2
}

# A load that waits in an ioctl takes the mark when that ends: without this the gap of
# the next fault could be counted for the last one.
all_marked()
{
	local name

	for name in "${names[@]}"; do
		[ "$(grep -c '^marked' "$tmp/$name")" -gt "$nr" ] || return
	done
}

# fault <name> <command>...: records the loads for a while before and after it
fault()
{
	local name=$1

	shift
	sleep 2
	kill -USR1 "${loads[@]}"
	must 10 "marks of all loads" all_marked
	echo "# fault,$nr,$name"
	nr=$((nr + 1))
	"$@"
	wait_for 20 both_live || give_up "$name: the paths do not come back"
	sleep 4
}

one_port()
{
	port_down 1
	sleep 1
	port_up 1
}

both_ports()
{
	port_down 1
	port_down 2
	sleep 1
	port_up 1
	port_up 2
}

ana_change()
{
	ana change
	sleep 0.5
	ana optimized
}

not_live()
{
	! both_live
}

# nothing gets through, and no connection is closed: only the keep alive fails
cut_wire()
{
	wire_cut
	wait_for 30 not_live || give_up "no host notices that the wire is cut"
	sleep 1
	wire_mend
}

begin 0
loads=() names=() maps=() nr=0
nvmet_target_up 2 5
relay_up 1
at_exit "kill -USR2 $relay; nvme disconnect -n $NVMET_NQN"
for p in 1 2; do
	nvmet_connect $p -k $kato || give_up "nvme connect failed"
done
if [ "$(cat /sys/module/nvme_core/parameters/multipath)" = N ]; then
	subsys=$(grep -lx "$NVMET_NQN" /sys/class/nvme-subsystem/*/subsysnqn)
	subsys=${subsys%/*}
	must 10 "two disks" two_disks
	load_modules dm-multipath dm-round-robin
	dm mpath-rq rq
	dm mpath-bio bio
	dm mpath-ioctl bio
	at_exit "dmsetup remove_all --force"
	check_paths &
	at_exit "kill $!"
	load dm-request "$(dm_node mpath-rq)"
	load dm-bio "$(dm_node mpath-bio)"
	load dm-ioctl "$(dm_node mpath-ioctl)" --ioctl
else
	must 10 "a head" find_head "$NVMET_NQN"
	must 10 "two live paths" both_live
	echo round-robin >"$subsys/iopolicy"
	if [ -e "/sys/block/$head/passthru_failover" ]; then
		# reads are not held, however long writes would be
		delayed_retry 3600000
		load passthrough "$ng"
		load block "/dev/$head"
		load ioctl "$ng" --ioctl
	else
		load retry-at-once "$ng" --retry at-once
		load retry-uevent "$ng" --retry uevent
	fi
fi

sleep 2
for _ in $(seq $rounds); do
	fault port one_port
	fault ports both_ports
	fault ana ana_change
	fault cut cut_wire
done
echo "# kato,$kato"
kill -TERM "${loads[@]}"
for i in "${!loads[@]}"; do
	# 1: errors were not sent again; they are in the sum
	wait "${loads[i]}"
	[ $? -le 1 ] || give_up "${names[i]}: $(tail -n 3 "$tmp/${names[i]}")"
	grep '^# ' "$tmp/${names[i]}" || give_up "${names[i]} measured nothing"
done
# request-based dm on nvme-tcp sleeps under RCU, and a stock kernel reports that: a
# benchmark does not judge the kernel log
run_exit_commands
:
