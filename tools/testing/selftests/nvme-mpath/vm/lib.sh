# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The guest of run.sh: its initramfs and its QEMU.

vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Outcomes of a test, and the exit codes of run.sh.
# shellcheck disable=SC2034
OUT_PASS=0 OUT_FAIL=1 OUT_ERROR=2 OUT_SKIP=4 OUT_PANIC=5 OUT_HANG=6 OUT_LOST=7
# shellcheck disable=SC2034
outcome_names=([0]=pass [1]=FAIL [2]=ERROR [4]=skip [5]=PANIC [6]=HANG [7]=LOST)

# vm_error <message>...: the harness could not do its work
vm_error()
{
	printf 'error: %s\n' "$@" >&2
	exit "$OUT_ERROR"
}

# vm_need <command> <Debian package>
vm_need()
{
	command -v "$1" >/dev/null ||
		vm_error "$1 is not installed (Debian package: $2)"
}

# copy_program <root> <program>...: with the libraries it is linked to
copy_program()
{
	local root=$1 p lib

	shift
	for p in "$@"; do
		p=$(command -v "$p") || vm_error "no program $p"
		install -D "$p" "$root/usr/bin/${p##*/}"
		while read -r lib; do
			[ -e "$root$lib" ] || install -D "$lib" "$root$lib"
		done < <(ldd "$p" 2>/dev/null |
			grep -o '/[^ ]*\.so[^ ]*' | sort -u)
	done
}

pack()
{
	(cd "$1" && find . -print0 | LC_ALL=C sort -z |
		cpio -o0 -H newc -R 0:0 --quiet) >"$2"
}

# make_initramfs <directory> <installed selftests> <modules> [program]...:
# base.cpio, and fio.cpio for tests with fio: that has 80 MB of libraries.
make_initramfs()
{
	local dir=$1 tests=$2 modules=$3 root=$1/root d

	shift 3
	rm -rf "$root"
	mkdir -p "$root"/{proc,sys,dev,tmp,run,root,usr/bin,usr/sbin}
	for d in bin sbin lib lib64; do
		mkdir -p "$root/usr/$d"
		ln -sfn "usr/$d" "$root/$d"
	done
	mkdir -p "$root/etc"
	[ ! -f /etc/mke2fs.conf ] || cp /etc/mke2fs.conf "$root/etc/"
	echo root:x:0:0::/root:/bin/bash >"$root/etc/passwd"
	copy_program "$root" busybox bash nvme setpci modprobe mkfs.ext4 dmsetup \
		rdma tc "$@"
	[ -z "$modules" ] || cp -aT "$modules" "$root/lib/modules"
	# where the kernel looks for it, as for the module of a file system
	ln -s ../bin/modprobe "$root/usr/sbin/modprobe"
	"$root/usr/bin/busybox" --list | while read -r d; do
		[ -e "$root/usr/bin/$d" ] || ln -s busybox "$root/usr/bin/$d"
	done
	ln -s bash "$root/usr/bin/sh.bash"
	mkdir -p "$root/selftests"
	cp -a "$tests/." "$root/selftests/"
	mkdir -p "$root/selftests/nvme-mpath/vm"
	cp -a "$vm_dir/fixtures" "$vm_dir/shell.rc" "$vm_dir/demo.sh" \
		"$vm_dir/collateral.sh" "$root/selftests/nvme-mpath/vm/"
	install -m 755 "$vm_dir/init.sh" "$root/init"
	pack "$root" "$dir/base.cpio"

	if [ ! -f "$dir/fio.cpio" ]; then
		rm -rf "$dir/fio"
		mkdir -p "$dir/fio/usr/lib" "$dir/fio/usr/lib64"
		ln -sfn usr/lib "$dir/fio/lib"
		ln -sfn usr/lib64 "$dir/fio/lib64"
		copy_program "$dir/fio" fio
		pack "$dir/fio" "$dir/fio.cpio.new"
		mv "$dir/fio.cpio.new" "$dir/fio.cpio"
	fi
	rm -rf "$root" "$dir/fio"
}

# choose_qemu <feature> [program]: sets $qemu_program to one whose NVMe subsystems have
# that property: the machine's own, or this one; none does if it fails
qemu_program="qemu-system-x86_64"
choose_qemu()
{
	local p

	for p in "$qemu_program" ${2:+"$2"}; do
		! "$p" -device nvme-subsys,help 2>/dev/null | grep -q "^ *$1=" || {
			qemu_program=$p
			return
		}
	done
	return 1
}

# qemu_command <directory> <kernel> <initramfs> <append>: sets the array qemu
# shellcheck disable=SC2054 # the commas are QEMU's
qemu_command()
{
	local dir=$1 i d ns0 ns=() drives=() subsys=nvme-subsys,id=subsys0,nqn=mpath

	for i in 0 1 2 3 4; do
		if [ "$accel_name" = icount ]; then
			# the latency is host time: on a busy host, too, the
			# submitter sleeps before the answers come
			d="driver=null-co,size=64M,latency-ns=20000000"
		else
			truncate -s 64M "$dir/ns$i.img"
			d="file=$dir/ns$i.img,format=raw,cache=unsafe"
		fi
		drives+=(-drive "if=none,id=ns$i,$d")
	done
	[ "${qemu_feature:-}" != fdp ] || subsys+=,fdp=on,fdp.nruh=8,fdp.runs=64M
	qemu=("$qemu_program" -nodefaults -no-user-config -display none
		-no-reboot -machine q35 "${accel[@]}" -m "${memory:-1024}"
		-kernel "$2" -initrd "$3" -append "$4"
		-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off
		-device virtio-serial-pci
		-chardev "file,id=verdict,path=$dir/verdict"
		-device virtserialport,chardev=verdict,name=nvme-mpath.verdict
		# QEMU's monitor, with the guest at its other end
		-chardev "socket,id=mon,path=$sockets/qmp,server=on,wait=off"
		-mon chardev=mon,mode=control
		-chardev "socket,id=ctl,path=$sockets/qmp"
		-device virtserialport,chardev=ctl,name=nvme-mpath.qmp
		"${drives[@]}"
		# one subsystem, two controllers, three shared namespaces: plain,
		# zoned, and with protection information; and a private one
		-device "$subsys")
	for i in 0 1; do
		qemu+=(-device "pcie-root-port,id=rp$i,chassis=1$i,addr=0x1$i"
			-device "nvme,id=nvme$i,serial=mpath,subsys=subsys0,bus=rp$i")
	done
	ns0=nvme-ns,id=ns0dev,drive=ns0,nsid=1,shared=on,bus=nvme0
	ns0+=,uuid=9e0c1c36-3f0b-4b8e-8d8e-0d4f7a0a7c01
	ns0+=,eui64=0x5254001122334455
	[ "${qemu_feature:-}" != fdp ] || ns0+=,fdp.ruhs=0-7
	for i in 2 3 4; do
		ns[i]="nvme-ns,drive=ns$i,nsid=$i,shared=on,bus=nvme0"
		ns[i]+=",uuid=9e0c1c36-3f0b-4b8e-8d8e-0d4f7a0a7c0$i"
		ns[i]+=",eui64=0x525400112233446$i"
	done
	ns[2]+=",zoned=on,zoned.zone_size=1M"
	ns[3]+=",ms=8,pi=1"
	ns[4]=${ns[4]/shared=on/shared=off}
	qemu+=(-device "$ns0"
		# a controller of its own: its ng node is a path, not a head
		-device nvme,id=nvme2,serial=single,drive=ns1)
	# Namespaces of a controller share its tags, which costs instructions, until it
	# is reset: blk-mq forgets it then. So there is only one to be measured.
	# And zones are not for a subsystem that is told where to place data.
	[ "$accel_name" = icount ] || [ -n "${qemu_feature:-}" ] ||
		qemu+=(-device "${ns[2]}" -device "${ns[3]}" -device "${ns[4]}")
}

# wires_of <guest> <sockets> <here> <there>: adds to the array qemu the ends of two
# wires that go from one guest to another, at the addresses that it has for sockets
# shellcheck disable=SC2054 # the commas are QEMU's
wires_of()
{
	local i wire

	for i in 1 2; do
		wire=dgram,id=wire$i,local.type=unix,local.path=$2/$3$i
		wire+=,remote.type=unix,remote.path=$2/$4$i
		qemu+=(-netdev "$wire" -device
			"virtio-net-pci,id=nic$i,netdev=wire$i,mac=52:54:00:00:0$i:0$1")
	done
}

# KVM is taken where a kernel starts under it within a few seconds: a /dev/kvm that
# can be opened proves little.
probe_kvm()
{
	local kernel=$1 log=$2

	[ -r /dev/kvm ] && [ -w /dev/kvm ] || return
	timeout -k 1 10 qemu-system-x86_64 -nodefaults -no-user-config \
		-display none -no-reboot -machine q35 -accel kvm -cpu host \
		-m 256 -kernel "$kernel" -append "console=ttyS0 panic=-1" \
		-serial "file:$log" </dev/null >/dev/null 2>&1
	grep -q 'Unable to mount root' "$log" 2>/dev/null
}

# choose_accel <kernel> <log>: sets accel and accel_name. ACCEL=kvm|tcg decides
# without a probe; the result of a probe holds until the next boot of this machine.
# ACCEL=icount is for measurements: one CPU whose instructions are the time, and
# drives that hold nothing.
choose_accel()
{
	local cache

	accel_name=${ACCEL:-}
	case $accel_name in
	tcg | kvm | icount) ;;
	'')
		cache=${TMPDIR:-/tmp}/nvme-mpath-accel.$(id -u).$(cat \
			/proc/sys/kernel/random/boot_id)
		accel_name=$(cat "$cache" 2>/dev/null) || {
			accel_name=tcg
			! probe_kvm "$@" || accel_name=kvm
			echo "$accel_name" >"$cache"
		}
		;;
	*) vm_error "unknown ACCEL '$ACCEL'; there are: kvm tcg icount" ;;
	esac
	# Page tables of five levels cost TCG time. An interrupt while Linux identifies
	# its CPU, when the flag for five levels is cleared for a moment, is a wild
	# access to KASAN.
	# shellcheck disable=SC2054
	case $accel_name in
	tcg) accel=(-accel tcg,thread=multi -cpu max,la57=off -smp 2) ;;
	kvm) accel=(-accel kvm -cpu host -smp 2) ;;
	icount) accel=(-icount shift=0,sleep=on -accel tcg,thread=single
			-cpu max -smp 1) ;;
	esac
}
