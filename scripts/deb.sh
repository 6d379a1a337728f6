#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make the Debian package that rebuilds the NVMe modules with the series for each
# kernel of a base, by DKMS: out/deb/<package>_<version>_all.deb, whose path is
# printed. Usage: deb.sh <base>
#
# packaging/ has its scripts. Of the series it carries the patches to drivers/nvme
# and to include/, and the new files of the driver; the source to apply them to is
# taken from linux-source where the package is installed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"
. "$(dirname "$0")/distro.sh"

load_base "${1:-}"
[ "${driver_alone:-0}" = 1 ] ||
	die "$base: no package: the driver needs a patched io_uring there, and no module can bring that" \
		"say BASE=6.12, or build a kernel: make kernel BASE=$base"
for tool in dpkg-deb:dpkg git:git patch:patch; do
	need "${tool%:*}" "${tool#*:}"
done
read_series

name=nvme-mpath-$base
package=$name-dkms
# in the order that they are loaded
modules='host/nvme-core host/nvme host/nvme-fabrics host/nvme-tcp host/nvme-rdma host/nvme-fc
	target/nvmet target/nvmet-tcp target/nvmet-rdma target/nvmet-fc target/nvme-loop target/nvme-fcloop'
modules=$(echo "$modules" | xargs)

# The time of the commit grows with what is in it. A package of changes that are
# in no commit is told apart.
set_version()
{
	local now

	version=0.$(git -C "$top" log -1 --format=%cd \
		--date=format-local:%Y%m%d.%H%M%S 2>/dev/null) ||
		die "this is no git repository: a package has the time of its commit as version"
	SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct)
	[ -z "$(git -C "$top" status --porcelain)" ] || {
		now=$(date -u +%s)
		version+=+$((now - SOURCE_DATE_EPOCH))
		SOURCE_DATE_EPOCH=$now
	}
	export SOURCE_DATE_EPOCH
}

# whoever builds it
set_maintainer()
{
	local who mail

	who=$(git -C "$top" config user.name) || who='nvme-mpath series'
	mail=$(git -C "$top" config user.email) || mail=root@localhost
	maintainer="$who <$mail>"
}

# put <file of packaging/> <where in the package> [mode] [what a hook does]
put()
{
	install -D -m "${3:-644}" /dev/null "$root/$2"
	PUT="$maintainer" awk -v base="$base" -v name="$name" -v id="${base//./-}" \
		-v package="$package" -v version="$version" -v modules="$modules" \
		-v what="${4:-}" '{
			gsub(/@base@/, base)
			gsub(/@name@/, name)
			gsub(/@id@/, id)
			gsub(/@package@/, package)
			gsub(/@version@/, version)
			gsub(/@modules@/, modules)
			gsub(/@what@/, what)
			at = index($0, "@maintainer@")
			if (at)
				$0 = substr($0, 1, at - 1) ENVIRON["PUT"] \
					substr($0, at + 12)
			print
		}' "$top/packaging/$1" >"$root/$2"
}

# put_series <directory>: patches/NN-<entry>.diff, new/, and paths, the files of the
# kernel's source that are needed
put_series()
{
	local i f diff

	mkdir -p "$1/patches" "$1/new"
	for i in "${!entries[@]}"; do
		diff=$(printf '%s/patches/%02d-%s.diff' "$1" "$i" "${entries[i]}")
		diff_of "${entries[i]}" | only_paths drivers/nvme/ include/ >"$diff"
		[ -s "$diff" ] || rm "$diff"
		# shellcheck disable=SC2086 # patterns, for git to expand
		(set -f && files_of ${new_files[i]}) |
			{ grep '^drivers/' || :; } | while read -r f; do
				(cd "$top" && cp --parents -p "$f" "$1/new")
			done
	done
	source_paths | grep -E '^(drivers|include)/' >"$1/paths"
	install -m 644 "$top/scripts/fit.sh" "$1/fit.sh"
}

set_version
set_maintainer
root=$out/deb/$package
rm -rf "$root"
src=usr/src/$name-$version
hook=dkms-nvme-mpath-${base//./-}

put dkms.conf "$src/dkms.conf"
put build.sh "$src/build.sh" 755
put_series "$root/$src"
put kernels.sh "usr/lib/$name/kernels" 755
put kernel-hook.sh "etc/kernel/postinst.d/$hook" 755 image
put kernel-hook.sh "etc/kernel/header_postinst.d/$hook" 755 headers
put initramfs-hook.sh "usr/share/initramfs-tools/hooks/${hook#dkms-}" 755
put README.Debian "usr/share/doc/$package/README.Debian"
put copyright "usr/share/doc/$package/copyright"
install -m 644 "$top/Documentation/admin-guide/nvme-passthru-failover.rst" \
	"$root/usr/share/doc/$package/"
put control DEBIAN/control
for script in postinst prerm postrm; do
	put "$script.sh" "DEBIAN/$script" 755
done
(cd "$root" && find etc -type f -printf '/%p\n' | sort >DEBIAN/conffiles)
# dpkg runs the postinst when a new source is there, after all other packages
echo "interest-noawait /usr/src/linux-source-$base.tar.xz" >"$root/DEBIAN/triggers"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum \
	>DEBIAN/md5sums)
deb=$out/deb/${package}_${version}_all.deb
rm -f "$out/deb/${package}"_*.deb
dpkg-deb --root-owner-group --build "$root" "$root.new" >"$out/deb/build.log" 2>&1 || {
	cat "$out/deb/build.log" >&2
	die "dpkg-deb could not make the package"
}
mv "$root.new" "$deb"
rm -rf "$root"
echo "$deb"
