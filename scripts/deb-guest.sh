#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# In the VM of deb-test.sh: which NVMe modules run here, and does passthrough
# outlive a reset of a path? Lines "ok <what>" and "not ok <what>" go to the host,
# by a virtio port; what they say more is on the console.
set -uo pipefail

expect=$(sed -n 's/.*nvme_mpath\.expect=\([a-z]*\).*/\1/p' /proc/cmdline)
kver=$(uname -r)
modules=/lib/modules/$kver
port=/dev/virtio-ports/nvme-mpath.verdict
guide=/usr/local/share/nvme-mpath/guide.md
# shellcheck source-path=SCRIPTDIR source=guide.sh
. /usr/local/share/nvme-mpath/guide.sh
dir=$(mktemp -d)

# wait_for <seconds> <command>...
wait_for()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return
		sleep 0.1
	done
}

# check <description> <command>...
check()
{
	local what=$1

	shift
	if "$@"; then
		echo "ok $what" >&3
	else
		echo "not ok $what" >&3
	fi
}

# runs_from <directory>: is nvme-core the file there?
runs_from()
{
	local file

	file=$(find "$modules/$1" -name 'nvme-core.ko*')
	echo "nvme-core runs with srcversion $(cat /sys/module/nvme_core/srcversion)," \
		"$file has $(modinfo -F srcversion "$file")"
	[ "$(cat /sys/module/nvme_core/srcversion)" = \
		"$(modinfo -F srcversion "$file")" ]
}

# find_head <pattern of a subsystem's name>: sets $ng, and the array paths of its
# controllers
find_head()
{
	local s h

	ng='' paths=()
	for s in /sys/class/nvme-subsystem/*; do
		grep -q "$1" "$s/subsysnqn" || continue
		for h in "$s"/nvme*n*; do
			[ -e "$h" ] || return
			ng=/dev/$(basename "$h" | sed 's/^nvme/ng/')
		done
		mapfile -t paths < <(cd "$s" &&
			printf '%s\n' nvme* | grep -E '^nvme[0-9]+$')
	done
	[ -c "$ng" ] && [ ${#paths[@]} -eq 2 ]
}

# is_live <controller>
is_live()
{
	[ "$(cat "/sys/class/nvme/$1/state")" = live ]
}

# resets <process>: of the two controllers in turn, the other one live, while it runs
resets()
{
	local i=0 c

	while kill -0 "$1" 2>/dev/null; do
		c=${paths[i % 2]}
		echo 1 >"/sys/class/nvme/$c/reset_controller" || return
		wait_for 60 is_live "$c" || return
		i=$((i + 1))
		echo "$i" >"$dir/resets"
		sleep 0.3
	done
}

# load_nvme: reads until the resets are over. Not by 'nvme read': newer versions of it
# send an Identify before, to the controller, and those do not fail over.
load_nvme()
{
	local n=0 errors=0

	while [ ! -e "$dir/over" ]; do
		n=$((n + 1))
		nvme io-passthru "$ng" --opcode=2 --namespace-id=1 --cdw10=0 \
			--cdw12=7 --data-len=4096 --read >/dev/null ||
			errors=$((errors + 1))
	done
	echo "$n $errors" >"$dir/nvme"
}

# path_loss <name>: both loads while paths are reset
path_loss()
{
	local fio

	rm -f "$dir"/*
	load_nvme 2>"$dir/nvme.err" &
	fio --name=passthru --ioengine=io_uring_cmd --cmd_type=nvme \
		--filename="$ng" --rw=randread --bs=4k --iodepth=16 --size=32M \
		--time_based --runtime=25 --output-format=json \
		--output="$dir/fio" 2>"$dir/fio.err" &
	fio=$!
	resets "$fio"
	resets_code=$?
	wait "$fio"
	fio_code=$?
	touch "$dir/over"
	wait
	read -r n errors <"$dir/nvme"
	ios=$(sed -n 's/.*"total_ios" : \([0-9]*\).*/\1/p' "$dir/fio" | head -n 1)
	sed 's/^/# /' "$dir"/*.err >&3
	echo "# $1: $(cat "$dir/resets") resets; fio: ${ios:-0} reads, exit code" \
		"$fio_code; nvme io-passthru: $n, $errors of them failed" >&3
}

# outlives <name>: of the head that was found
outlives()
{
	path_loss "$1"
	check "$1: each path was reset" \
		test "$resets_code" = 0 -a "$(cat "$dir/resets")" -ge 2
	check "$1: fio outlives the loss of paths" test "$fio_code" = 0
	check "$1: fio read all the time" test "${ios:-0}" -gt 500
	check "$1: nvme-cli outlives the loss of paths" \
		test "$n" -gt 20 -a "$errors" = 0
}

# connect_tcp: a target in this VM, with a slow drive and two ports. A reset of a
# controller of NVMe/TCP loses what is in flight; one of QEMU's does not.
connect_tcp()
{
	local c=/sys/kernel/config i

	modprobe -a configfs nvmet-tcp nvme-tcp &&
		modprobe null_blk nr_devices=0 || return
	mkdir -p "$c/nullb/slow" "$c/nvmet/subsystems/mpath-tcp/namespaces/1"
	for i in size=64 irqmode=2 completion_nsec=60000000 power=1; do
		echo "${i#*=}" >"$c/nullb/slow/${i%=*}" || return
	done
	cd "$c/nvmet/subsystems/mpath-tcp" || return
	echo 1 >attr_allow_any_host
	echo /dev/slow >namespaces/1/device_path
	echo 1 >namespaces/1/enable || return
	for i in 1 2; do
		mkdir -p "$c/nvmet/ports/$i"
		cd "$c/nvmet/ports/$i" || return
		echo tcp >addr_trtype
		echo ipv4 >addr_adrfam
		echo 127.0.0.1 >addr_traddr
		echo "442$i" >addr_trsvcid
		ln -s "$c/nvmet/subsystems/mpath-tcp" subsystems/ || return
		nvme connect -t tcp -a 127.0.0.1 -s "442$i" -n mpath-tcp \
			--reconnect-delay=1 --ctrl-loss-tmo=600 || return
	done
	wait_for 60 find_head '^mpath-tcp$'
}

# dkms 3.2 moves the distribution's modules away, 3.0 leaves them
refuses_mix()
{
	local stock

	stock=$(find "$modules/kernel" /var/lib/dkms/*/original_module/"$kver" \
		-name 'nvmet.ko*' ! -name '*.origin' | head -n 1)
	[ -n "$stock" ] || return
	modprobe -a configfs nvme-auth
	echo "loading $stock"
	! insmod "$stock" || return
	dmesg | grep -E 'nvmet: (disagrees|Unknown)' | tail -n 3
	dmesg | grep -E 'nvmet: Unknown symbol nvme_passthru_end ' >/dev/null
}

# guide <section> <block>: executes what packaging/README.md says there, with the
# names of this VM's head and its first controller
guide()
{
	local h=${ng#/dev/ng}

	echo "the guide: $1, block $2"
	bash -ex <(guide_block "$1" "$2" "$guide" |
		sed "s,ng0n1,ng$h,g; s,nvme0n1,nvme$h,g; s,nvme/nvme0/,nvme/${paths[0]}/,")
}

follows_guide()
{
	guide "See that it is on" 1 | tee "$dir/see" &&
		grep -qx idempotent "$dir/see" &&
		grep -q "nvme${ng#/dev/ng}/passthru_failover:idempotent" "$dir/see"
}

# watches: fio and the counter
watches()
{
	guide "Watch a failover" 1 >"$dir/watch" 2>&1 || {
		cat "$dir/watch"
		return 1
	}
	grep -q 'err= 0' "$dir/watch" && tail -n 1 "$dir/watch" | grep -qx '[0-9]*'
}

# turns_off: for one head, and on again for the checks that follow
turns_off()
{
	local f=/sys/block/nvme${ng#/dev/ng}/passthru_failover

	guide "Turn it off" 1 && [ "$(cat "$f")" = none ] && echo idempotent >"$f"
}

# its driver takes nvme-fc's exports, and is the distribution's
loads_lpfc()
{
	modprobe lpfc && [ -d /sys/module/nvme_fc ]
}

log_is_clean()
{
	! dmesg | grep -E 'WARNING:|BUG:|Oops|general protection|hung_task|blocked for more'
}

wait_for 60 test -c "$port" || exit
exec 3>"$port"
echo "# $kver, root on $(findmnt -no SOURCE /)" >&3
check "the root disk is NVMe" grep -q '^/dev/nvme' <(findmnt -no SOURCE /)
if [ "$expect" = series ]; then
	check "nvme-core is ours, from the initramfs" runs_from updates/dkms
	check "nvme_core.passthru_failover is there" \
		test -e /sys/module/nvme_core/parameters/passthru_failover
	check "PCIe: a head with two paths" wait_for 60 find_head ':mpath$'
	outlives PCIe
	check "the guide, as written: it is on" follows_guide
	check "the guide, as written: fio outlives a reset, and a counter" watches
	check "the guide, as written: it is turned off for a head" turns_off
	check "the distribution's nvmet is refused" refuses_mix
	check "TCP: a head with two paths, of our target" connect_tcp
	outlives TCP
	check "the distribution's lpfc loads" loads_lpfc
else
	check "nvme-core is the distribution's" runs_from kernel/drivers/nvme
	check "nvme_core.passthru_failover is not there" \
		test ! -e /sys/module/nvme_core/parameters/passthru_failover
	check "TCP: a head with two paths" connect_tcp
	path_loss TCP
	check "TCP: fio fails when a path is lost, as stock does" \
		test "$fio_code" != 0
fi
check "no warning in the kernel log" log_is_clean
echo end >&3
exec 3>&-
sync
