#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Give kernels the modules of @name@, or take them away.
#
# Usage: kernels image <kver>    at its installation, before its initramfs is made
#        kernels headers <kver>  when its headers are there; it may be there before
#        kernels all             all that are there
#        kernels remove          from all
#        kernels upgrade         the same; the next version does the initramfs
#
# A kernel for which they cannot be built keeps its own: that is said, and is no error.
set -euo pipefail

name=@name@ version=@version@
state=/var/lib/$name
build=/usr/src/$name-$version/build.sh

say()
{
	echo "$name: $*" >&2
}

# keeps <kver> <why>
keeps()
{
	say "$1 keeps its own NVMe modules: $2"
}

# dkms_of <command> <kver> [option]...
dkms_of()
{
	local command=$1 kver=$2

	shift 2
	dkms "$command" -m "$name" -v "$version" -k "$kver" "$@"
}

# has_ours <kver>: without what readelf says of the vmlinux among headers
has_ours()
{
	dkms_of status "$1" 2>/dev/null | grep ': installed' >/dev/null
}

# take_away <kver>
take_away()
{
	dkms_of status "$1" 2>/dev/null | grep -v ': added' >/dev/null || return 0
	dkms_of unbuild "$1" >&2 || say "$1: dkms could not take its modules away"
	rm -f "$state/built/$1"
	touch "$state/initramfs-due/$1"
}

# why_not: from the log of a build that failed
why_not()
{
	local log=/var/lib/dkms/$name/$version/build/make.log

	sed -n 's/^error: //p' "$log" 2>/dev/null | tail -n 1 | grep . ||
		echo "they do not build, see $log"
}

# give <kver>
give()
{
	local kver=$1 headers=/lib/modules/$1/build is

	[[ $kver == @base@.* ]] || {
		keeps "$kver" "it is no kernel @base@"
		return 0
	}
	[ -e "$headers/include" ] || {
		keeps "$kver" "linux-headers-$kver is not installed"
		return 0
	}
	is=$("$build" check "$kver" "$headers" 2>&1) || {
		keeps "$kver" "${is#error: }"
		# a kernel can be packaged again under its old name
		take_away "$kver"
		return 0
	}
	! has_ours "$kver" || [ "$(cat "$state/built/$kver" 2>/dev/null)" != "$is" ] ||
		return 0
	take_away "$kver"
	say "building the NVMe modules of $kver"
	dkms_of build "$kver" >&2 || {
		keeps "$kver" "$(why_not)"
		take_away "$kver"
		return 0
	}
	# the kernel's own have the same version
	dkms_of install "$kver" --force >&2 || {
		keeps "$kver" "dkms could not install the modules"
		take_away "$kver"
		return 0
	}
	echo "$is" >"$state/built/$kver"
	touch "$state/initramfs-due/$kver"
}

# has_nvme <initramfs>: has it modules that may have to be others?
has_nvme()
{
	lsinitramfs "$1" | grep '/nvme-core\.ko' >/dev/null
}

update_initramfs()
{
	local f kver initramfs

	for f in "$state"/initramfs-due/*; do
		[ -e "$f" ] || continue
		kver=${f##*/} initramfs=/boot/initrd.img-${f##*/}
		if [ ! -e "$initramfs" ]; then
			:
		elif ! command -v update-initramfs >/dev/null ||
			! command -v lsinitramfs >/dev/null; then
			say "$initramfs has to be made again by hand"
		elif has_nvme "$initramfs"; then
			update-initramfs -u -k "$kver" >&2
		fi
		rm "$f"
	done
}

# forget_sources: of kernels that are there no more
forget_sources()
{
	local d

	for d in "$state"/source/*; do
		# shellcheck disable=SC2016 # dpkg's
		dpkg-query -W -f '${Version}\n' 'linux-headers-@base@.*' 2>/dev/null |
			grep -xF "${d##*/}" >/dev/null || rm -rf "$d"
	done
}

mkdir -p "$state"/{built,initramfs-due,source}
exec 9>"$state/lock"
flock 9

case ${1:-} in
image)
	give "$2"
	# it is made next, by a later hook
	rm -f "$state/initramfs-due/$2"
	;;
headers)
	give "$2"
	update_initramfs
	;;
all)
	for d in /lib/modules/*/kernel; do
		[ ! -d "$d" ] || give "$(basename "$(dirname "$d")")"
	done
	update_initramfs
	forget_sources
	;;
remove | upgrade)
	for d in /lib/modules/*/kernel; do
		[ ! -d "$d" ] || take_away "$(basename "$(dirname "$d")")"
	done
	[ "$1" = upgrade ] || update_initramfs
	;;
*)
	say "unknown action '${1:-}'"
	exit 2
	;;
esac
