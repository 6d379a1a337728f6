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

# find_head: sets $ng, and the array paths of its controllers
find_head()
{
	local s h

	for s in /sys/class/nvme-subsystem/*; do
		grep -q ':mpath$' "$s/subsysnqn" || continue
		for h in "$s"/nvme*n*; do
			[ -e "$h" ] || return
			ng=/dev/$(basename "$h" | sed 's/^nvme/ng/')
		done
		mapfile -t paths < <(cd "$s" &&
			printf '%s\n' nvme* | grep -E '^nvme[0-9]+$')
	done
	[ -c "${ng:-}" ] && [ ${#paths[@]} -eq 2 ]
}

# is_live <controller>
is_live()
{
	[ "$(cat "/sys/class/nvme/$1/state")" = live ]
}

# resets <seconds>: of the two controllers in turn, the other one live
resets()
{
	local end=$((SECONDS + $1)) i=0 c

	while [ "$SECONDS" -lt "$end" ]; do
		c=${paths[i % 2]}
		echo 1 >"/sys/class/nvme/$c/reset_controller" || return
		wait_for 60 is_live "$c" || return
		i=$((i + 1))
		sleep 0.3
	done
	echo "$i" >"$dir/resets"
}

# load_nvme: reads until the resets are over
load_nvme()
{
	local n=0 errors=0

	while [ ! -e "$dir/over" ]; do
		n=$((n + 1))
		nvme read "$ng" --start-block=0 --block-count=7 \
			--data-size=4096 >/dev/null || errors=$((errors + 1))
	done
	echo "$n $errors" >"$dir/nvme"
}

# path_loss: both loads while paths are reset
path_loss()
{
	load_nvme 2>"$dir/nvme.err" &
	fio --name=passthru --ioengine=io_uring_cmd --cmd_type=nvme \
		--filename="$ng" --rw=randread --bs=4k --iodepth=16 --size=32M \
		--time_based --runtime=25 --output-format=json \
		--output="$dir/fio" 2>"$dir/fio.err" &
	fio=$!
	resets 20
	resets_ok=$?
	wait "$fio"
	fio_code=$?
	touch "$dir/over"
	wait
	rm -f "$dir/over"
	read -r n errors <"$dir/nvme"
	ios=$(sed -n 's/.*"total_ios" : \([0-9]*\).*/\1/p' "$dir/fio" | head -n 1)
	cat "$dir"/*.err
	echo "# $(cat "$dir/resets") resets; fio: ${ios:-0} reads, exit code $fio_code;" \
		"nvme read: $n, $errors of them failed" >&3
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
wait_for 60 find_head
check "a head with two paths" find_head
check "the root disk is NVMe" grep -q '^/dev/nvme' <(findmnt -no SOURCE /)
path_loss
check "both controllers were reset, again and again" \
	test "$resets_ok" = 0 -a "$(cat "$dir/resets")" -ge 4
if [ "$expect" = series ]; then
	check "nvme-core is ours, from the initramfs" runs_from updates/dkms
	check "nvme_core.passthru_failover is there" \
		test -e /sys/module/nvme_core/parameters/passthru_failover
	check "fio outlives the loss of paths" test "$fio_code" = 0
	check "fio read all the time" test "${ios:-0}" -gt 500
	check "nvme-cli outlives the loss of paths" \
		test "$n" -gt 20 -a "$errors" = 0
	check "the distribution's nvmet is refused" refuses_mix
	check "our nvmet-tcp loads" modprobe nvmet-tcp
	check "the distribution's lpfc loads" loads_lpfc
else
	check "nvme-core is the distribution's" runs_from kernel/drivers/nvme
	check "nvme_core.passthru_failover is not there" \
		test ! -e /sys/module/nvme_core/parameters/passthru_failover
	check "fio fails when a path is lost, as stock does" test "$fio_code" != 0
	check "the distribution's nvmet-tcp loads" modprobe nvmet-tcp
fi
check "no warning in the kernel log" log_is_clean
echo end >&3
exec 3>&-
sync
