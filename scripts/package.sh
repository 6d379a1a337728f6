#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Get the source package of a base kernel. Prints its version and the path of
# the tarball. Usage: package.sh <base>
#
# A package of the machine's own suites is installed. One of another suite is
# fetched as a file into out/packages/, from the machine's own Debian mirror, by
# an apt that has its sources, lists and cache there: the system's stay as they
# are.
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"

install_package()
{
	"$top/scripts/deps.sh" "$package"
	[ -f "$tarball" ] || die "$package is installed, but has no $tarball"
	have=$(dpkg-query -W -f '${Version}' "$package")
}

private_apt()
{
	local tool=$1

	shift
	"$tool" -qq -o "Dir::Etc::sourcelist=$dir/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null \
		-o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" \
		-o APT::Sandbox::User= "$@"
}

fetch_package()
{
	local mirror deb signed=''
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	dir=$out/packages/$package
	have=$(cat "$dir/version" 2>/dev/null) || have=''
	if [ -z "$have" ] || [ ! -f "$dir/$tarball" ]; then
		need apt-get apt
		mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
		mirror=$(find_mirror Debian)
		[ -n "$mirror" ] || die "apt knows no Debian mirror here" \
			"run apt-get update, or give an unpacked tree: KSRC=/path"
		[ ! -f "$keyring" ] || signed=" [signed-by=$keyring]"
		echo "deb$signed $mirror $suite main" >"$dir/sources.list"
		msg "fetching $package from $suite"
		rm -f "$dir"/*.deb
		{
			private_apt apt-get update &&
				cd "$dir" && private_apt apt-get download "$package"
		} >"$dir/log" 2>&1 || {
			tail -n 5 "$dir/log" >&2
			die "$package could not be had from $suite" \
				"see $dir/log, or give an unpacked tree: KSRC=/path"
		}
		deb=$(echo "$dir"/*.deb)
		have=$(dpkg-deb -f "$deb" Version)
		dpkg-deb --fsys-tarfile "$deb" |
			tar -C "$dir" -xf - "./$tarball"
		rm "$deb"
		echo "$have" >"$dir/version"
	fi
	tarball=$dir/$tarball
}

if [ -z "${suite:-}" ]; then
	install_package
	again="apt-get install --reinstall $package"
else
	fetch_package
	again="remove $dir"
fi
if [ "$have" != "$version" ]; then
	msg "note: $package is $have, last tested was $version"
elif ! echo "$sha256  $tarball" | sha256sum -c --status; then
	die "$tarball is not what $package $version contains" "$again"
fi
echo "$have $tarball"
