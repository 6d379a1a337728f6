#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Run at the installation of a kernel, or of its headers: after dkms, before
# initramfs-tools. Never fails it.
[ -x /usr/lib/@name@/kernels ] || exit 0
/usr/lib/@name@/kernels @what@ "$1" ||
	echo "@name@: $1: failed, its NVMe modules may be its own" >&2
exit 0
