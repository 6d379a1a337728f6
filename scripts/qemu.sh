#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A QEMU for the tests that need a newer one than the machine's: prints its path.
# It is fetched as a file into out/packages/, from the backports of the machine's own
# Debian; nothing is installed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/fetch.sh"

dir=$out/packages/qemu
qemu=$dir/qemu-system-x86_64

# unpack: to where that QEMU finds its own files and not the machine's
unpack()
{
	local deb

	rm -rf "$dir/root"
	mkdir -p "$dir/root"
	for deb in "$dir"/*.deb; do
		dpkg-deb -x "$deb" "$dir/root"
	done
	rm "$dir"/*.deb
	cat >"$qemu" <<-END
		#!/bin/sh
		exec $dir/root/usr/bin/qemu-system-x86_64 -L $dir/root/usr/share/qemu \\
			-L $dir/root/usr/share/seabios "\$@"
	END
	chmod +x "$qemu"
}

exec 9>"$out/.qemu.lock"
flock 9
if [ ! -x "$qemu" ]; then
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	[ -n "$codename" ] || die "/etc/os-release names no Debian" \
		"put a QEMU with FDP there: $qemu"
	fetch_debs "$dir" "$codename-backports" "put a QEMU with FDP there: $qemu" \
		qemu-system-x86 qemu-system-common qemu-system-data seabios
	unpack
	"$qemu" --version >>"$dir/log" 2>&1 || {
		rm "$qemu"
		tail -n 5 "$dir/log" >&2
		die "the QEMU of $codename-backports does not run on this machine" \
			"see $dir/log, or put a QEMU with FDP there: $qemu"
	}
fi
echo "$qemu"
