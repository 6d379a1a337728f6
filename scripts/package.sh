#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Get the source package of a base kernel. Prints its version and the path of
# the tarball. Usage: package.sh <base>
#
# A package of the machine's own suites is installed. One of another suite is
# fetched as a file into out/packages/: see fetch.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetch.sh"

load_base "${1:-}"

install_package()
{
	"$top/scripts/deps.sh" "$package"
	[ -f "$tarball" ] || die "$package is installed, but has no $tarball"
	have=$(dpkg-query -W -f '${Version}' "$package")
}

fetch_package()
{
	local deb dir=$out/packages/$package

	have=$(cat "$dir/version" 2>/dev/null) || have=''
	if [ -z "$have" ] || [ ! -f "$dir/$tarball" ]; then
		fetch_debs "$dir" "$suite" "give an unpacked tree: KSRC=/path" \
			"$package"
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
	again="remove $out/packages/$package"
fi
if [ "$have" != "$version" ]; then
	msg "note: $package is $have, last tested was $version"
elif ! echo "$sha256  $tarball" | sha256sum -c --status; then
	die "$tarball is not what $package $version contains" "$again"
fi
echo "$have $tarball"
