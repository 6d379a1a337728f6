#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# PID 1 of the guest. The kernel command line tells what to do:
#   nvme_mpath.test=<script>	run it, report over the verdict port, power off
#   nvme_mpath.timeout=<s>	its time limit
#   nvme_mpath.slow=<n>		factor for the time limits inside the tests
#   nvme_mpath.cycles=<n>	NVME_MPATH_CYCLES for the test
#   nvme_mpath.first=1		end the test with its first failed check
#   nvme_mpath.seed=<n>		NVME_MPATH_SEED: the random choices of a test
#   nvme_mpath.torture.<x>=<y>	TORTURE_<X>: see torture.sh
#   nvme_mpath.shell=1		set up a topology and give a shell

export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=linux
export NVME_MPATH_SLOW=1
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm /proc /sys /tmp /root /run
mount -t proc none /proc
mount -t sysfs sys /sys
mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp
mount -t tmpfs shm /dev/shm
mount -t debugfs debug /sys/kernel/debug
mount -t tracefs tracing /sys/kernel/tracing
# a distribution has it as a module
[ -d /sys/kernel/config ] || modprobe configfs
mount -t configfs config /sys/kernel/config
ln -sfn /proc/self/fd /dev/fd
ip link set lo up
echo 1 >/proc/sys/kernel/panic_on_oops
hostname nvme-mpath
[ ! -d /lib/modules ] || modprobe -a nvme nvme-tcp nvmet-tcp null_blk

test='' timeout=60 shell=0
read -ra words </proc/cmdline
for word in "${words[@]}"; do
	case $word in
	nvme_mpath.test=*) test=${word#*=} ;;
	nvme_mpath.timeout=*) timeout=${word#*=} ;;
	nvme_mpath.slow=*) NVME_MPATH_SLOW=${word#*=} ;;
	nvme_mpath.cycles=*) export NVME_MPATH_CYCLES=${word#*=} ;;
	nvme_mpath.first=*) export NVME_MPATH_FIRST=${word#*=} ;;
	nvme_mpath.seed=*) export NVME_MPATH_SEED=${word#*=} ;;
	nvme_mpath.torture.*=*)
		word=${word#nvme_mpath.torture.}
		name=${word%%=*}
		export "TORTURE_${name^^}=${word#*=}"
		;;
	nvme_mpath.shell=*) shell=${word#*=} ;;
	esac
done
echo $((timeout / 2 + 10)) >/proc/sys/kernel/hung_task_timeout_secs

# The guest has no udev: name the virtio ports as their driver does.
mkdir -p /dev/virtio-ports
for p in /sys/class/virtio-ports/*; do
	[ ! -s "$p/name" ] ||
		ln -sf "/dev/${p##*/}" "/dev/virtio-ports/$(cat "$p/name")"
done
verdict=/dev/virtio-ports/nvme-mpath.verdict

cd /selftests/nvme-mpath || exit
if [ "$shell" = 1 ]; then
	exec setsid cttyhack bash --rcfile ./vm/shell.rc
fi

# after the test kmemleak has fewer false reports
scan_for_leaks()
{
	local k=/sys/kernel/debug/kmemleak

	[ -e "$k" ] || return 0
	# kmemleak does not report objects younger than 5 s
	sleep 6
	echo scan >"$k" 2>/dev/null || return 0
	sleep 1
	echo scan >"$k"
	[ ! -s "$k" ] || {
		sed 's/^/# /' "$k"
		echo "not ok - kmemleak: nothing leaked"
		return 1
	}
}

# report_coverage: the counts of a kernel with gcov, for scripts/coverage.sh
report_coverage()
{
	local f

	find /sys/kernel/debug/gcov -name '*.gcda' 2>/dev/null | while read -r f; do
		echo "gcov ${f##*/} $(base64 -w 0 "$f")"
	done
}

exec >"$verdict" 2>&1 || exit
echo "begin $test"
timeout -k 5 "$timeout" "./$test"
code=$?
case $code in
124 | 137 | 143)
	echo "not ok - $test did not end within $timeout s"
	echo w >/proc/sysrq-trigger
	;;
esac
# no process of the test may outlive the verdict
kill -9 -1
scan_for_leaks || code=1
report_coverage
echo "end $code"
sync
poweroff -f
