#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# initramfs-tools 0.148 takes NVMe modules from the kernel's own directory alone,
# which dkms 3.2 has emptied, or 3.0 has left as it was: without this, the root
# disk has no driver, or the distribution's.
[ "${1:-}" != prereqs ] || exit 0
set -e
# shellcheck disable=SC1091 # of initramfs-tools
. /usr/share/initramfs-tools/hook-functions

# shellcheck disable=SC2154 # of mkinitramfs
to=$DESTDIR/lib/modules/$version ours=/lib/modules/$version/updates/dkms

# add <module>: with what it needs
add()
{
	for f in "$ours/$1".ko*; do
		[ -e "$f" ] || continue
		mkdir -p "$to/updates/dkms"
		cp -p "$f" "$to/updates/dkms/"
		manual_add_modules "$1"
	done
}

for f in "$ours"/nvme*.ko*; do
	[ -e "$f" ] || exit 0
	m=${f##*/} m=${m%%.ko*}
	found=$(find "$to/" -name "$m.ko*")
	[ -n "$found" ] || continue
	echo "$found" | xargs rm
	add "$m"
done
[ "${MODULES:-most}" = most ] || exit 0
for m in nvme nvme-tcp nvme-rdma nvme-fc; do
	add "$m"
done
