#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Install what the build and the tests need, where it is missing.
# Usage: deps.sh [package]...
. "$(dirname "$0")/lib.sh"

packages=(
	# kernel build
	gcc make flex bison bc libelf-dev libssl-dev xz-utils ccache python3
	# the guest: QEMU, and what goes into its initramfs
	qemu-system-x86 busybox-static cpio fio nvme-cli pciutils liburing-dev
	kmod e2fsprogs dmsetup iproute2
	# static checks
	shellcheck sparse perl python3-ply python3-git
	# documentation
	python3-sphinx python3-yaml
	git util-linux rsync patch
	# modules for a distribution's kernel: the layout of its structures
	pahole
)

missing=()
for p in "${packages[@]}" "$@"; do
	dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null |
		grep -qx installed || missing+=("$p")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null ||
	die "not a Debian machine, and these are missing: ${missing[*]}" \
		"install their like by hand; DEPS=0 skips this step"
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
msg "installing ${missing[*]}"
mkdir -p "$out"
{
	$sudo apt-get update -q
	$sudo env DEBIAN_FRONTEND=noninteractive \
		apt-get install -qy --no-install-recommends "${missing[@]}"
} >"$out/deps.log" 2>&1 || {
	tail -n 5 "$out/deps.log" >&2
	die "apt-get could not install: ${missing[*]}" "see $out/deps.log"
}
