#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Put the package of deb.sh into a Debian of its own, and see what it does there,
# as TAP. Usage: deb-test.sh <base> <suite>
#
# out/deb-test/<suite>/debian	the suite, by debootstrap
# out/deb-test/<suite>/root	the same with kernels and the package
# out/deb-test/<suite>/disk	that, as the NVMe disk of a VM
#
# Packages go in and out, and modules are compiled, in a chroot with mounts and
# processes of its own, which end with it. The VM only boots and checks: see
# deb-guest.sh.
. "$(dirname "$0")/lib.sh"
. "$vm/lib.sh"
. "$(dirname "$0")/guide.sh"

load_base "${1:-}"
suite=${2:-}
[[ $suite =~ ^[a-z]+$ ]] || die "no SUITE" "say SUITE=bookworm, or SUITE=trixie"
[ "$(id -u)" = 0 ] || die "debootstrap and chroot want root"
for tool in debootstrap:debootstrap unshare:util-linux mke2fs:e2fsprogs \
	qemu-system-x86_64:qemu-system-x86 timeout:coreutils; do
	need "${tool%:*}" "${tool#*:}"
done
deb=$("$top/scripts/deb.sh" "$base")
name=nvme-mpath-$base
package=$name-dkms
dir=$out/deb-test/$suite
root=$dir/root
guide=$top/packaging/README.md
need_space "$dir" 12288
exec 9>"$out/.deb-test-$suite.lock"
flock 9
new_results "deb-$suite"

# What is started dies with this script, however that ends.
child=''
# shellcheck disable=SC2317 # called by the traps
cleanup()
{
	local below

	if [ -n "$child" ]; then
		# of unshare the init of its namespace, of timeout QEMU
		read -ra below <"/proc/$child/task/$child/children" || :
		{ kill -KILL "${below[@]}" "$child" && wait "$child"; } 2>/dev/null
	fi
	rm -f "$dir/disk"
}
trap cleanup EXIT
# the output of a check may go elsewhere when the signal comes
exec 7>&2
trap 'echo "interrupted; the logs are in $results" >&7; exit 130' INT TERM HUP

# run <command>...: as a child that cleanup ends
run()
{
	local code=0

	"$@" &
	child=$!
	wait "$child" || code=$?
	child=''
	return "$code"
}

# in_root <command>...: all that it starts ends with it
in_root()
{
	# shellcheck disable=SC2016 # for the inner shell
	run unshare --mount --pid --fork --kill-child bash -c '
		mount -t proc proc "$0/proc" &&
		mount -t devpts devpts "$0/dev/pts" &&
		exec chroot "$0" /usr/bin/env -i HOME=/root LC_ALL=C \
			DEBIAN_FRONTEND=noninteractive \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' "$root" "$@"
}

# apt_get <log> <argument>...: in the root file system
apt_get()
{
	local log=$results/$1.log

	shift
	in_root apt-get -qy --no-install-recommends \
		-o APT::Install-Suggests=false "$@" >"$log" 2>&1
}

why=$results/why
# sources_list [suite]: on the mirrors of this machine
sources_list()
{
	local mirror security s

	mirror=$(find_mirror Debian)
	security=$(find_mirror Debian-Security)
	[[ -n $mirror && -n $security ]] ||
		die "apt knows no mirror of Debian and its security updates here" \
			"run apt-get update"
	for s in "$suite" "$suite-updates" "$@"; do
		echo "deb $mirror $s main"
	done
	echo "deb $security $suite-security main"
}

make_debian()
{
	[ ! -e "$dir/debian/.whole" ] || return 0
	rm -rf "$dir/debian"
	mkdir -p "$dir"
	msg "making a Debian $suite (log: $results/debootstrap.log)"
	run debootstrap --variant=minbase --include=systemd-sysv,udev,kmod,initramfs-tools,dkms,fio,nvme-cli,zstd,e2fsprogs,ca-certificates \
		"$suite" "$dir/debian" "$(find_mirror Debian)" \
		>"$results/debootstrap.log" 2>&1 ||
		die "debootstrap could not make a $suite" \
			"see $results/debootstrap.log"
	touch "$dir/debian/.whole"
}

make_root()
{
	rm -rf "$root"
	cp -a "$dir/debian" "$root"
	sources_list >"$root/etc/apt/sources.list"
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	apt-config dump | grep -i '^Acquire::.*proxy' \
		>"$root/etc/apt/apt.conf.d/proxy" || :
	# nothing is to be started in a chroot
	printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/sbin/policy-rc.d"
	in_root systemd-machine-id-setup >/dev/null 2>&1
	apt_get update update || die "apt-get update failed in the $suite" \
		"see $results/update.log"
	install -m 755 "$top/scripts/deb-guest.sh" "$root/usr/local/sbin/"
	install -D -m 644 "$guide" "$root/usr/local/share/nvme-mpath/guide.md"
	install -m 644 "$top/scripts/guide.sh" "$root/usr/local/share/nvme-mpath/"
	cat >"$root/etc/systemd/system/deb-guest.service" <<-'UNIT'
	[Unit]
	After=multi-user.target
	SuccessAction=poweroff-force
	FailureAction=poweroff-force
	[Service]
	Type=oneshot
	ExecStart=/usr/local/sbin/deb-guest.sh
	TimeoutStartSec=infinity
	UNIT
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -s ../deb-guest.service \
		"$root/etc/systemd/system/multi-user.target.wants/"
}

# packaged <image or headers> <pattern of a version>: the kernels
packaged()
{
	in_root apt-cache search --names-only \
		"^linux-$1-$2([+][a-z0-9.+]+|-[0-9]+)-amd64\$" |
		sed "s/^linux-$1-\([^ ]*\) .*/\1/" | sort
}

# kernels_of <pattern of a version>: with image and headers, the oldest first
kernels_of()
{
	comm -12 <(packaged image "$1") <(packaged headers "$1") | sort -V
}

# version_of <package>: the newest of the registries
version_of()
{
	in_root apt-cache show --no-all-versions "$1" |
		sed -n 's/^Version: //p'
}

# choose_kernels: sets $old and $new, the newest two of the base, and $other, one of
# another version, and the options in $from that apt wants for that
choose_kernels()
{
	local list

	mapfile -t list < <(kernels_of "${base//./[.]}[.][0-9]+")
	[ ${#list[@]} -ge 2 ] ||
		die "$suite has only ${#list[@]} kernels $base with headers" \
			"an update takes two"
	old=${list[-2]} new=${list[-1]} from=()
	other=$(kernels_of '[0-9.]+' | grep -v "^${base//./[.]}[.]" | tail -n 1) || {
		from=(-t "$suite-backports")
		sources_list "$suite-backports" >"$root/etc/apt/sources.list"
		apt_get update-backports update
		other=$(kernels_of '[0-9.]+' |
			grep -v "^${base//./[.]}[.]" | tail -n 1)
	} || die "$suite has only kernels $base"
	echo "# $suite: kernels $old, then $new; $other is out of range"
}

# packages_of <kver>: what an update brings of this kernel
packages_of()
{
	echo "linux-image-$1 linux-headers-$1 linux-source-$base=$(version_of "linux-headers-$1")"
}

# has_ours <kver>: prints what is not as it has to be with the package
has_ours()
{
	in_root dkms status -m "$name" -k "$1" 2>/dev/null |
		grep ': installed' >/dev/null || echo "dkms has no modules for $1"
	in_root modinfo -k "$1" -F signer nvme-core | grep DKMS >/dev/null ||
		echo "nvme-core of $1 is not signed by dkms"
	in_initramfs "$1" ours
}

# has_stock <kver>: the same, where the kernel keeps its own
has_stock()
{
	compgen -G "$root/lib/modules/$1/updates/dkms/nvme*" || :
	in_root dkms status -k "$1" 2>/dev/null | grep -E ': (built|installed)' || :
	in_initramfs "$1" stock
}

# in_initramfs <kver> ours|stock: prints which of its modules are not those
in_initramfs()
{
	# shellcheck disable=SC2016 # for the inner shell
	in_root bash -c '
		# mkinitramfs may have unpacked it
		sum()
		{
			case $1 in
			*.xz) xz -dc "$1" ;;
			*.zst) zstd -dc "$1" ;;
			*) cat "$1" ;;
			esac | sha256sum
		}
		cd "$(mktemp -d)" && unmkinitramfs "/boot/initrd.img-$0" . || exit
		mapfile -t all < <(find . -name "nvme*.ko*" ! -path "*/common/*")
		for m in nvme-core nvme; do
			printf "%s\n" "${all[@]##*/}" | grep "^$m\.ko" >/dev/null ||
				echo "the initramfs has no $m"
		done
		for f in "${all[@]}"; do
			m=${f##*/} m=${m%%.ko*}
			case $1 in
			ours) want=/lib/modules/$0/updates/dkms ;;
			stock) want=/lib/modules/$0/kernel/drivers/nvme ;;
			esac
			want=$(find "$want" -name "$m.ko*")
			[ "$(sum "$f")" = "$(sum "$want")" ] || echo "$f is not $want"
		done
		for m in $(printf "%s\n" "${all[@]##*/}" | sort | uniq -d); do
			echo "$m is twice in it"
		done
		rm -rf "$PWD"' "$@" || echo "the initramfs of $1 cannot be read"
}

# guide_says <log> <section> <block>: types what the guide says, as on a machine that
# runs $new; without what is done already, or takes a firmware
guide_says()
{
	{
		echo "cd; uname() { echo $new; }"
		guide_block "$2" "$3" "$guide" | grep -vE '^(make deb|reboot)'
	} >"$root/root/typed"
	in_root bash -ex /root/typed >"$results/$1.log" 2>&1
}

# log_lines <name> <pattern>: prints a complaint, if an apt log has none such
log_lines()
{
	grep "$2" "$results/$1.log" >/dev/null || {
		echo "there is no line '$2' in $results/$1.log:"
		grep "$name" "$results/$1.log" || tail -n 20 "$results/$1.log"
	}
}

# boot <kver> series|stock <log>: its checks become ours
boot()
{
	local log=$results/$3 line i

	apt_get clean clean
	rm -f "$dir/disk"
	run mke2fs -q -t ext4 -L nvme-mpath -d "$root" "$dir/disk" 8G >/dev/null
	choose_accel "$root/boot/vmlinuz-$1" "$results/kvm-probe.log"
	# shellcheck disable=SC2154
	echo "# booting $1, accelerator: $accel_name"
	# shellcheck disable=SC2054 # the commas are QEMU's
	qemu=(qemu-system-x86_64 -nodefaults -no-user-config -display none
		-no-reboot -machine q35 "${accel[@]}" -m 2048
		-kernel "$root/boot/vmlinuz-$1" -initrd "$root/boot/initrd.img-$1"
		-append "root=LABEL=nvme-mpath rw console=ttyS0 panic=-1 nvme_mpath.expect=$2"
		-serial "file:$log.serial" -device virtio-serial-pci
		-chardev "file,id=verdict,path=$log.tap"
		-device virtserialport,chardev=verdict,name=nvme-mpath.verdict
		-drive "if=none,id=disk,format=raw,cache=unsafe,file=$dir/disk"
		-device nvme,serial=disk,drive=disk
		# commands are so slow that a reset finds some
		-drive if=none,id=ns,driver=null-co,size=64M,latency-ns=20000000
		-device nvme-subsys,id=subsys0,nqn=mpath)
	for i in 0 1; do
		qemu+=(-device "pcie-root-port,id=rp$i,chassis=1$i,addr=0x1$i"
			-device "nvme,id=nvme$i,serial=mpath,subsys=subsys0,bus=rp$i")
	done
	# shellcheck disable=SC2054
	qemu+=(-device nvme-ns,drive=ns,nsid=1,shared=on,bus=nvme0,uuid=9e0c1c36-3f0b-4b8e-8d8e-0d4f7a0a7c01)
	: >"$log.tap"
	# one VM at a time, whatever suites are tested
	exec 8>"$out/.deb-test-vm.lock"
	flock 8
	run timeout -k 5 1200 "${qemu[@]}" >"$log.qemu" 2>&1 || :
	exec 8>&-
	while read -r line; do
		case $line in
		'ok '*)
			: >"$why"
			result "$1: ${line#ok }" "$why"
			;;
		'not ok '*)
			echo "see $log.serial" >"$why"
			result "$1: ${line#not ok }" "$why"
			;;
		'#'*) echo "$line" ;;
		esac
	done <"$log.tap"
	{
		[ "$(tail -n 1 "$log.tap")" = end ] || {
			echo "the VM was lost:"
			cat "$log.qemu"
			tail -n 20 "$log.serial"
		}
	} >"$why"
	result "$1: the VM came to its end" "$why"
}

# left_over: prints the files of the package that are still there
left_over()
{
	(cd "$root" && find etc usr/lib usr/share usr/src lib/modules var/lib \
		-name '*nvme-mpath*' ! -path '*/dpkg/*')
}

make_debian
make_root
choose_kernels
echo "TAP version 13"

# The headers come last: then the initramfs is there before our modules.
apt_get old install "linux-image-$old" \
	"linux-source-$base=$(version_of "linux-headers-$old")" ||
	die "$old could not be installed" "see $results/old.log"
cp "$deb" "$root/tmp/$package.deb"
{
	apt_get package install "/tmp/$package.deb" || tail -n 20 "$results/package.log"
	log_lines package "$old keeps its own NVMe modules: linux-headers-$old is not installed"
	has_stock "$old"
} >"$why" 2>&1
result "package in, no headers yet: $old keeps its own modules" "$why"
{
	apt_get headers install "linux-headers-$old" || tail -n 20 "$results/headers.log"
	has_ours "$old"
} >"$why" 2>&1
result "headers in: $old has ours, in its initramfs as well" "$why"
{
	apt_get other "${from[@]}" install "linux-image-$other" "linux-headers-$other" ||
		tail -n 20 "$results/other.log"
	log_lines other "$other keeps its own NVMe modules: it is no kernel $base"
	! grep -E '^(E:|Error|dkms:.*fail)' "$results/other.log" || :
	has_stock "$other"
	has_ours "$old"
} >"$why" 2>&1
result "out of range: $other is installed without complaint or modules of ours" "$why"
boot "$old" series 1-old

read -ra list <<<"$(packages_of "$new")"
{
	apt_get new install "${list[@]}" || tail -n 20 "$results/new.log"
	has_ours "$new"
	has_ours "$old"
} >"$why" 2>&1
result "kernel update: $new has ours, in its initramfs as well, and $old still" "$why"
boot "$new" series 2-new

{
	apt_get again install --reinstall "/tmp/$package.deb" ||
		tail -n 20 "$results/again.log"
	has_ours "$new"
	has_ours "$old"
} >"$why" 2>&1
result "package in again: both kernels have ours, $old of the source that was kept" "$why"
{
	apt_get remove purge "$package" || tail -n 20 "$results/remove.log"
	has_stock "$new"
	has_stock "$old"
	left_over
} >"$why" 2>&1
result "package out: both kernels have their own modules, nothing is left" "$why"

echo 'APT::Get::Assume-Yes "true";' >"$root/etc/apt/apt.conf.d/yes"
mkdir -p "$root/root/out/deb"
cp "$deb" "$root/root/out/deb"
{
	guide_says guide-install Install 1 ||
		tail -n 20 "$results/guide-install.log"
	tail -n 5 "$results/guide-install.log" | grep "$new.*: installed" >/dev/null ||
		echo "dkms status does not name $new"
	has_ours "$new"
} >"$why" 2>&1
result "the guide, as written: $new has our modules" "$why"
{
	guide_says guide-off "Turn it off" 2 || tail -n 20 "$results/guide-off.log"
	in_root lsinitramfs "/boot/initrd.img-$new" |
		grep '^etc/modprobe.d/nvme-mpath.conf$' >/dev/null ||
		echo "the initramfs does not have it"
	rm "$root/etc/modprobe.d/nvme-mpath.conf"
} >"$why" 2>&1
result "the guide, as written: off for all heads from the next boot on" "$why"
{
	guide_says guide-out Uninstall 1 || tail -n 20 "$results/guide-out.log"
	has_stock "$new"
	has_stock "$old"
	left_over
} >"$why" 2>&1
result "the guide, as written: both kernels have their own modules again" "$why"
boot "$new" stock 3-removed

echo "1..$n"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
