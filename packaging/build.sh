#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the NVMe modules of one kernel, in the directory of this script: the source
# that this very kernel was made of, the patches, make. drivers/nvme differs between
# the kernels of one base, so the package has no copy of it.
#
# Usage: build.sh check|build <kver> <its headers>
#
# Exits with 2, and a line "error: <reason>", where that cannot be done; check tells
# all but whether the patches apply.
set -euo pipefail
cd "$(dirname "$0")"

action=$1 kver=$2 headers=$3
sources=/var/lib/@name@/source

# die <what is wrong> [what to do in the repo of the series]...
die()
{
	printf 'error: %s\n' "$1" >&2
	exit 2
}

# need <command> <Debian package>
need()
{
	command -v "$1" >/dev/null ||
		die "$1 is not installed (Debian package: $2)"
}

# shellcheck source=scripts/fit.sh
. ./fit.sh

# version_of <package>: nothing, if its files are not there
version_of()
{
	# shellcheck disable=SC2016 # dpkg's
	{ dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null || :; } |
		awk '$1 !~ /^(not-installed|config-files|half-installed)$/ { print $2 }'
}

# find_source: sets $version, that of the kernel's packages, and $source, where
# the part of the source is, or will be; linux-source has only one version at
# a time, so the parts are kept
find_source()
{
	local have

	version=$(version_of "linux-headers-$kver")
	[ -n "$version" ] ||
		die "it is of no package linux-headers-$kver, so its source is not known"
	source=$sources/$version
	[ ! -d "$source" ] || return 0
	have=$(version_of linux-source-@base@)
	[ "$have" = "$version" ] ||
		die "it is of version $version, linux-source-@base@ is ${have:+of }${have:-not installed}"
	[ -f /usr/src/linux-source-@base@.tar.xz ] ||
		die "linux-source-@base@ has no /usr/src/linux-source-@base@.tar.xz"
}

take_source()
{
	local paths

	[ ! -d "$source" ] || return 0
	mapfile -t paths <paths
	rm -rf "$source.new"
	mkdir -p "$source.new"
	unpack_paths "$source.new" "${paths[@]}" \
		</usr/src/linux-source-@base@.tar.xz ||
		die "the source of $version lacks what the series changes"
	mv "$source.new" "$source"
}

assemble()
{
	local diff

	rm -rf drivers include
	cp -a "$source/." .
	for diff in patches/*.diff; do
		apply_diff . "$diff" ||
			die "$diff does not apply to the source of $version"
	done
	cp -a new/. .
	write_kbuild .
}

# A module of the kernel's that is not rebuilt would be refused by those that are.
check_modules()
{
	local is want

	is=$(find drivers -name '*.ko' -printf '%P\n' |
		sed 's,^nvme/,,; s,\.ko$,,' | sort)
	want=$(printf '%s\n' @modules@ | sort)
	[ "$is" = "$want" ] ||
		die "it has other NVMe modules: $(comm -3 <(echo "$is") \
			<(echo "$want") | tr -s '\t\n' ' ')"
}

# check_empty <reason>: of a list of differences from stdin
check_empty()
{
	local list

	list=$(cat)
	[ -z "$list" ] || die "$1: ${list//$'\n'/, }"
}

check_flavour
find_source
check_layout
[ "$action" = build ] || { echo "$version"; exit 0; }

need patch patch
take_source
assemble
make -C "$headers" M="$PWD" -j"$(nproc)" MODULE_ALLOW_BTF_MISMATCH=y modules
check_modules
struct_differences drivers/nvme/host/nvme-core.ko |
	check_empty "structures of io_uring lie elsewhere"
! grep -qx CONFIG_MODVERSIONS=y "$headers/.config" ||
	fc_differences Module.symvers |
	check_empty "lpfc and qla2xxx need other symbol versions"
