#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A QEMU for the tests that need FDP: prints its path, or nothing where that of the
# machine has it. It is fetched as a file into out/packages/, from the backports of the
# machine's own Debian; nothing is installed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetch.sh"
. "$vm/lib.sh"

dir=$out/packages/qemu
qemu=$dir/qemu-system-x86_64

# unpack: beside a program that takes it from there, and not from the machine
unpack()
{
	local deb

	rm -rf "$dir/root"
	mkdir -p "$dir/root"
	for deb in "$dir"/*.deb; do
		dpkg-deb -x "$deb" "$dir/root"
	done
	rm "$dir"/*.deb
	cat >"$qemu" <<-'END'
		#!/bin/sh
		root=$(dirname "$(readlink -f "$0")")/root
		exec "$root/usr/bin/qemu-system-x86_64" -L "$root/usr/share/qemu" \
			-L "$root/usr/share/seabios" "$@"
	END
	chmod +x "$qemu"
}

! choose_qemu fdp || exit 0
mkdir -p "$dir"
exec 9>"$dir/.lock"
flock 9
# each time: what is there may be the half of it
if ! choose_qemu fdp "$qemu"; then
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	[ -n "$codename" ] || die "/etc/os-release names no Debian" \
		"put a QEMU with FDP there: $qemu"
	fetch_debs "$dir" "$codename-backports" "put a QEMU with FDP there: $qemu" \
		qemu-system-x86 qemu-system-common qemu-system-data seabios
	unpack
	choose_qemu fdp "$qemu" ||
		die "the QEMU of $codename-backports does not run here, or has no FDP" \
			"see what $qemu says, or put another one there"
fi
echo "$qemu"
