# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# A distribution's own kernel: its packages as files, its headers, the part of
# its source that the modules and the tests need. Nothing is installed. Sourced
# after lib.sh and patches.sh, and after load_base().
#
# out/packages/<kver>/		the packages
# out/distro/<kver>/root/	what is in them
# out/distro/<kver>/stock/	NVMe and the selftests' frame, of its source
# out/distro/<kver>/series/	the same with the series
# out/distro/<kver>/modules/	for vm/run.sh -m; modules-stock/ the distribution's
# out/distro/<kver>/vmlinuz

# shellcheck disable=SC2154 # $top, $out, $base: of lib.sh
. "$top/scripts/fit.sh"

# newest_kver: of this base, in the machine's registries
newest_kver()
{
	local arch

	need apt-cache apt
	arch=$(dpkg --print-architecture)
	apt-cache search --names-only \
		"^linux-headers-${base//./[.]}[.][0-9]+[+]deb[0-9]+-$arch\$" |
		sed 's/^linux-headers-\([^ ]*\) .*/\1/' | sort -V | tail -n 1
}

# load_distro <kver, or nothing for the newest>: sets $kver, $distro, $packages,
# $root, $headers and $built, which holds what the build leaves.
load_distro()
{
	[ "${driver_alone:-0}" = 1 ] ||
		die "$base: the driver needs a patched io_uring there" \
			"say BASE=6.12, or KERNEL=plain for a kernel of your own"
	kver=${1:-$(newest_kver)}
	[ -n "$kver" ] ||
		die "apt knows no kernel $base with headers here" \
			"run apt-get update, add the suite that has it, or build" \
			"a kernel of your own: KERNEL=plain"
	[[ $kver =~ ^[0-9][A-Za-z0-9.+~-]*$ ]] || die "KVER '$kver' is no version"
	[[ $kver == "$base".* ]] ||
		die "$kver is not a kernel $base" \
			"there are: $(cd "$top/bases" && echo *)"
	distro=$out/distro/$kver
	packages=$out/packages/$kver
	root=$distro/root
	headers=$root/usr/src/linux-headers-$kver
	# shellcheck disable=SC2034
	built=$distro/series
	need_space "$distro" 1536
}

# package_file <name> <version, or nothing for any>: prints its path, or fails
package_file()
{
	compgen -G "$packages/$1_${2:-*}_*.deb" | sort -V | tail -n 1 | grep .
}

# fetch <name> [version]: a package file, if it is not there; a part of one is
# never taken for it
fetch()
{
	local what=$1${2:+=$2} log=$distro/fetch.log

	! package_file "$@" >/dev/null || return 0
	need apt-get apt
	rm -rf "$packages/partial"
	mkdir -p "$packages/partial"
	msg "fetching $what"
	(cd "$packages/partial" &&
		apt-get download -qq -o APT::Sandbox::User= "$what") \
		>"$log" 2>&1 || {
		tail -n 5 "$log" >&2
		die "$what could not be had from the configured registries" \
			"run apt-get update; a kernel that they have no more can" \
			"be put into ${packages#"$top"/} by hand"
	}
	mv "$packages"/partial/*.deb "$packages/"
	rmdir "$packages/partial"
}

# unpack <package>: once
unpack()
{
	local deb

	deb=$(package_file "$@")
	[ ! -e "$root/.${deb##*/}" ] || return 0
	mkdir -p "$root"
	dpkg -x "$deb" "$root" || die "$deb cannot be unpacked" "remove it"
	touch "$root/.${deb##*/}"
}

# fetch_headers: those of $kver, with all that they include; sets
# $distro_version. A kernel may be packaged again under its old name.
fetch_headers()
{
	local deb p depends

	need dpkg-deb dpkg
	distro_version=$(apt-cache show --no-all-versions "linux-headers-$kver" \
		2>/dev/null | sed -n 's/^Version: //p') || true
	fetch "linux-headers-$kver" "$distro_version"
	deb=$(package_file "linux-headers-$kver" "$distro_version")
	distro_version=$(dpkg-deb -f "$deb" Version)
	if [ "$(cat "$distro/.version" 2>/dev/null)" != "$distro_version" ]; then
		rm -rf "$distro"
		mkdir -p "$distro"
		echo "$distro_version" >"$distro/.version"
	fi
	depends=$(dpkg-deb -f "$deb" Depends | tr -s ',| ' '\n' |
		grep -E '^linux-(headers|kbuild)-')
	unpack "linux-headers-$kver" "$distro_version"
	for p in $depends; do
		fetch "$p" "$distro_version"
		unpack "$p" "$distro_version"
	done
	# it includes its common part by where an installed one would lie
	sed -i "s,^include /usr/src/,include $root/usr/src/," "$headers/Makefile"
}

fetch_image()
{
	fetch "linux-image-$kver" "$distro_version"
	unpack "linux-image-$kver" "$distro_version"
	ln -sfn "root/boot/vmlinuz-$kver" "$distro/vmlinuz"
}

# check_tools: do the programs of the headers run on this machine?
check_tools()
{
	local f lost cc

	for f in "$root/usr/lib/linux-kbuild-"*/{scripts/basic/fixdep,scripts/mod/modpost,tools/objtool/objtool,tools/bpf/resolve_btfids/resolve_btfids}; do
		f=$(readlink -f "$f")
		head -c 4 "$f" | grep -q ELF || continue
		lost=$(ldd "$f" 2>&1 |
			sed -nE 's/.*(version .*) not found.*/\1/p;
				s/^[[:space:]]*(.*) => not found/library \1/p' |
			sort -u | tr '\n' ' ')
		[ -z "$lost" ] ||
			die "the headers of $kver are for a newer release: ${f##*/} needs $lost" \
				"take a kernel of this machine's release, or run this" \
				"in a chroot of the release that the kernel is of"
	done
	cc=$(sed -n 's/^CC = .*[^a-z]\(gcc-[0-9]*\)$/\1/p' \
		"$headers/.kernelvariables")
	[ -z "$cc" ] || command -v "$cc" >/dev/null ||
		die "the compiler of $kver is not installed" "apt-get install $cc"
}

# what the modules are made of, and the tests: paths in the source
source_paths()
{
	local e

	echo drivers/nvme
	for e in "${entries[@]}"; do
		diff_of "$e"
	done | sed -n 's,^--- a/\(include/.*\),\1,p' | sort -u
	printf 'tools/testing/selftests/%s\n' Makefile lib.mk \
		run_kselftest.sh 'kselftest*'
	echo tools/include/nolibc
	echo scripts/subarch.include
}

# unpack_source: only those, from the source package of the same version
unpack_source()
{
	local name=linux-source-$base key deb patterns

	fetch "$name" "$distro_version"
	deb=$(package_file "$name" "$distro_version")
	mapfile -t patterns < <(source_paths)
	key="${deb##*/} ${patterns[*]}"
	[ "$(cat "$distro/.stock" 2>/dev/null)" != "$key" ] || return 0
	msg "unpacking what is needed of $name $distro_version"
	rm -rf "$distro/stock"
	mkdir -p "$distro/stock"
	dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$name.tar.xz" |
		unpack_paths "$distro/stock" "${patterns[@]}" ||
		die "$deb lacks what the series changes" "above is what"
	echo "$key" >"$distro/.stock"
}

# series_key: changes with whatever goes into the modules and the tests
series_key()
{
	local e f

	cat "$distro/.stock"
	echo "$own_symbols"
	declare -f write_kbuild
	for e in "${!entries[@]}"; do
		diff_of "${entries[e]}"
		# shellcheck disable=SC2086 # patterns, for git to expand
		(set -f && files_of ${new_files[e]}) | while read -r f; do
			stat -c '%n %A' "$top/$f"
			cat "$top/$f"
		done
	done | sha256sum
}

# apply_series <directory>: as tree.sh assembles it, but only the parts that do
# not lie in the kernel proper
apply_series()
{
	local i log=$distro/apply.log f

	for i in "${!entries[@]}"; do
		diff_of "${entries[i]}" |
			only_paths drivers/nvme/ include/ tools/ \
				>"$distro/entry.diff"
		apply_diff "$1" "$distro/entry.diff" >"$log" 2>&1 || {
			cat "$log" >&2
			die "patches/${entries[i]} does not apply to the source of $kver" \
				"above is the hunk that was not found; the series is" \
				"tested on $package $version: take a kernel near" \
				"that, or change the patch and run make modules again"
		}
		# shellcheck disable=SC2086 # patterns, for git to expand
		(set -f && files_of ${new_files[i]}) |
			{ grep -E '^(drivers|include|tools)/' || :; } |
			while read -r f; do
				(cd "$top" && cp --parents -p "$f" "$1")
			done
	done
}

# copy_source <from> <to>: but not what a build leaves there; what did not change is
# not compiled again
copy_source()
{
	mkdir -p "$2"
	rsync -rlpc --delete --exclude='*.o' --exclude='*.ko' --exclude='*.mod' \
		--exclude='*.mod.c' --exclude='.*' --exclude=Module.symvers \
		--exclude=modules.order "$1/" "$2/"
}

# assemble_distro: out/distro/<kver>/series; says whether it changed
assemble_distro()
{
	local key new=$distro/series.new

	key=$(series_key)
	[ "$(cat "$distro/.series" 2>/dev/null)" != "$key" ] || return 0
	rm -rf "$new" "$distro/.built"
	cp -a "$distro/stock" "$new"
	apply_series "$new"
	write_kbuild "$new"
	copy_source "$new" "$distro/series"
	rm -rf "$new"
	echo "$key" >"$distro/.series"
}

# make_modules <directory> [make argument]...: host and target at once, as the symbol
# versions of the host change with the series, and those of the target go with them
make_modules()
{
	local dir=$1

	shift
	CCACHE_DIR=${CCACHE_DIR:-$out/ccache} DEBIAN_KERNEL_USE_CCACHE=1 \
		make -C "$headers" M="$dir" -j"$jobs" \
		MODULE_ALLOW_BTF_MISMATCH=y "$@" modules
}

# prepare_distro stock|series: prepare(), for KERNEL=distro
prepare_distro()
{
	local tap=$out/distro/modules.tap

	load_distro "${KVER:-}"
	"$top/scripts/modules.sh" "$base" "$kver" >"$tap" || {
		cat "$tap" >&2
		die "no modules for $kver" "above is why"
	}
	# the selftests are made of the series there, too
	# shellcheck disable=SC2034
	base_dir=$distro
	install_selftests
	# shellcheck disable=SC2034
	image=$distro/vmlinuz
	# shellcheck disable=SC2034
	kernel_config=$headers/.config
	vm_options=(-m "$distro/modules" -x "$vm/distro.skips")
	[ "$1" = series ] || vm_options[1]+=-stock
}
