#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Where a module is there twice, initramfs-tools 0.148 takes the distribution's.
# Put in ours for each that is in the initramfs, and only for these.
[ "${1:-}" != prereqs ] || exit 0
set -e

# shellcheck disable=SC2154 # of mkinitramfs
to=$DESTDIR/lib/modules/$version
for ours in "/lib/modules/$version/updates/dkms"/nvme*.ko*; do
	[ -e "$ours" ] || exit 0
	m=${ours##*/}
	found=$(find "$to/" -name "${m%%.ko*}.ko*")
	[ -n "$found" ] || continue
	echo "$found" | xargs rm
	mkdir -p "$to/updates/dkms"
	cp -p "$ours" "$to/updates/dkms/"
done
