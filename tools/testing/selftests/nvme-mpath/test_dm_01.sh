#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have dm-multipath, bio-based, use two paths of the driver with
# multipath=N, and take each of them away and give it back under a load of fio
# that verifies what it reads.
# stock: pass
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# find_disks: sets $subsys, and $disks, one for each port: without multipath the
# subsystem has no head
find_disks()
{
	local p n

	disks=()
	find_subsys "$NVMET_NQN" || return
	for p in 1 2; do
		for n in /sys/class/nvme/"$(ctrl_of_port $p)"/nvme*n*; do
			[ ! -b "/dev/${n##*/}" ] || disks[p]=${n##*/}
		done
	done
	[ ${#disks[@]} -eq 2 ]
}

dm()
{
	dmsetup --noudevrules --noudevsync "$@"
}

# multipath_up: sets $multipath
multipath_up()
{
	local p table

	load_modules dm-multipath dm-round-robin
	table="0 $(cat "/sys/block/${disks[1]}/size") multipath"
	table+=" 3 queue_if_no_path queue_mode bio 0 1 1 round-robin 0 2 1"
	for p in 1 2; do
		table+=" $(cat "/sys/block/${disks[p]}/dev") 1"
	done
	dm create mpath-test --table "$table" 2>"$tmp/dm" || return
	at_exit "dmsetup --noudevrules --noudevsync remove --force mpath-test"
	multipath=/dev/dm-$(dm info -c --noheadings -o minor mpath-test)
}

# path_is <port> <A|F>: active or failed
path_is()
{
	dm status mpath-test |
		grep -q " $(cat "/sys/block/${disks[$1]}/dev") $2 "
}

# fio_loop: again and again until the file $tmp/stop is there
fio_loop()
{
	local n=0

	while [ ! -e "$tmp/stop" ]; do
		n=$((n + 1))
		fio --name=load --filename="$multipath" --rw=randwrite \
			--ioengine=libaio --direct=1 --bs=4k --iodepth=8 \
			--size=4m --verify=crc32c --verify_fatal=1 \
			--randseed=$n >>"$tmp/fio" 2>&1 || return
		echo $n >"$tmp/rounds"
	done
}

# rounds <n>: fio has written and verified so many
rounds()
{
	[ "$(cat "$tmp/rounds" 2>/dev/null || echo 0)" -ge "$1" ]
}

another_round()
{
	must 60 "a round of the load" \
		rounds $(($(cat "$tmp/rounds" 2>/dev/null || echo 0) + 2))
}

in_flight()
{
	local reads writes

	read -r reads writes <"/sys/block/${disks[$1]}/inflight"
	[ $((reads + writes)) -gt 0 ]
}

begin 6
need_tools nvme fio dmsetup rmmod modprobe
at_exit "reload_host Y"
reload_host N || skip_all "$(tr '\n' ' ' <"$tmp/reload")"
nvmet_target_up 2 0
at_exit "nvme disconnect -n $NVMET_NQN"
connect_all || give_up "nvme connect failed"
must 10 "two disks" find_disks
# requests queued on a lost path fail, and dm sends them down the other one
fast_io_fail 1
multipath_up || skip_all "no dm-multipath: $(tr '\n' ' ' <"$tmp/dm")"

fio_loop &
load=$!
at_exit "kill $load"
must 60 "a load" rounds 1
for p in 1 2; do
	hold
	must 20 "I/O in flight on path $p" in_flight $p
	port_down $p
	check "port $p pulled: dm marks the path as failed" \
		wait_for 20 path_is $p F
	release
	another_round
	port_up $p
	must 20 "two live controllers" paths_live 2
	dm message mpath-test 0 \
		"reinstate_path $(cat "/sys/block/${disks[p]}/dev")"
	check "port $p back: dm marks the path as active" wait_for 20 path_is $p A
	another_round
done
touch "$tmp/stop"
wait_for 60 ended $load
check "fio read back the data that it wrote, in all rounds" wait $load
[ "$(cat "$tmp/rounds")" -ge 8 ] || tail -n 20 "$tmp/fio" | sed 's/^/# /'
check "fio finished 8 rounds at least" rounds 8
finish
