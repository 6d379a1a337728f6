#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the NVMe host and target modules with the series for a distribution's own
# kernel, from the packages of its headers and of its source: in
# out/distro/<kver>/modules, beside those they need and vmlinuz. TAP says whether
# other drivers still fit. Usage: modules.sh <base> [<kver>]
#
# Refuses, with exit code 2, a kernel for which that cannot be done.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"
. "$(dirname "$0")/distro.sh"

load_base "${1:-}"
load_distro "${2:-}"
for tool in dpkg-deb:dpkg git:git rsync:rsync make:make gcc:gcc pahole:pahole \
	modprobe:kmod xz:xz-utils strip:binutils ccache:ccache; do
	need "${tool%:*}" "${tool#*:}"
done
exec 9>"$out/.distro-$kver.lock"
flock 9

fetch_headers
check_flavour
check_tools
check_layout
read_series
unpack_source
assemble_distro
fetch_image

build()
{
	local log=$distro/build.log start=$SECONDS

	[ ! -e "$distro/.built" ] || return 0
	msg "building NVMe modules for $kver (log: ${log#"$top"/})"
	make_modules "$built" 2>&1 | tee "$log" | progress || {
		grep -E -B2 -A8 'error:|Error [0-9]|ERROR:' "$log" |
			head -n 40 >&2
		die "the modules for $kver did not build" "see $log"
	}
	touch "$distro/.built"
	rm -f "$distro/.installed"
	msg "built in $((SECONDS - start)) s"
}

# stock_modules: the distribution's, as they are; once
stock_modules()
{
	[ ! "$distro/modules.dep" -nt "$vm/distro.modules" ] || return 0
	rm -f "$distro/.installed"
	msg "ordering the modules of $kver"
	rm -rf "$root/lib/modules/$kver/updates"
	depmod -b "$root" "$kver"
	guest_modules stock
	cp "$root/lib/modules/$kver/modules.dep" "$distro/modules.dep"
}

# install_ours: without debugging information, where depmod looks first; the
# distribution's stay where they are
install_ours()
{
	local to=$root/lib/modules/$kver/updates f

	rm -rf "$to"
	mkdir -p "$to"
	for f in "${ours[@]}"; do
		strip --strip-debug -o "$to/${f##*/}" "$f"
	done
	depmod -b "$root" "$kver"
	guest_modules series
	touch "$distro/.installed"
}

# guest_modules stock|series: what a guest can be asked to load, with what that
# needs, in modules-stock/ or modules/; the more of them, the slower it starts
guest_modules()
{
	local to=$distro/modules m f

	[ "$1" = series ] || to+=-stock
	rm -rf "$to"
	sed 's/#.*//' "$vm/distro.modules" | while read -r m; do
		[ -n "$m" ] || continue
		modprobe -d "$root" -S "$kver" --show-depends "$m" \
			2>"$distro/depends.log" ||
			die "$kver has no module $m" "see $distro/depends.log;" \
				"vm/distro.modules asks for it"
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u |
		while read -r f; do
			install -D -m 644 "$f" "$to${f#"$root/lib/modules"}"
		done
	for f in order builtin builtin.modinfo; do
		cp "$root/lib/modules/$kver/modules.$f" "$to/$kver/"
	done
	depmod_at "$to"
}

# depmod_at <directory>: that of run.sh -m; depmod wants lib/modules above it
depmod_at()
{
	local tree

	tree=$(mktemp -d "$distro/depmod.XXXX")
	mkdir "$tree/lib"
	ln -s "$1" "$tree/lib/modules"
	depmod -b "$tree" "$kver"
	rm -r "$tree"
}

# The structures that the helpers reach into are those of the kernel.
check_structs()
{
	struct_differences "$built/drivers/nvme/host/nvme-core.ko" \
		>"$distro/structs.log"
	result "io_uring's structures lie in nvme-core as in the kernel" \
		"$distro/structs.log"
}

# users_of_ours: "<symbol> <version> <module>" of each that a module of the
# distribution takes from one that is rebuilt, and is itself not rebuilt
users_of_ours()
{
	local names f

	names=$(printf '%s\n' "${ours[@]##*/}" | sed 's/\.ko$//' | paste -sd '|')
	sed -nE "s,^(kernel/[^:]*):.*/($names)\.ko.*,\1,p" \
		"$distro/modules.dep" |
		grep -vE "/($names)\.ko" | while read -r f; do
		modprobe --dump-modversions "$root/lib/modules/$kver/$f" |
			awk -v f="$(basename "$f" | sed 's/\.ko.*//')" \
				'{ print $2, $1, f }'
	done | sort
}

# Versions of exports that others use are as the distribution's modules want them.
check_versions()
{
	local log=$distro/versions.log exports=$built/Module.symvers

	grep -qx CONFIG_MODVERSIONS=y "$headers/.config" || {
		n=$((n + 1)) skipped=$((skipped + 1))
		echo "ok $n - symbol versions # SKIP $kver has none: it refuses no mix"
		return
	}
	users_of_ours >"$distro/users"
	awk -v rebuilt="$(printf '%s ' "${ours[@]##*/}")" '
		BEGIN {
			n = split(rebuilt, names, " ")
			for (i = 1; i <= n; i++) {
				sub(/\.ko$/, "", names[i])
				is_ours[names[i]] = 1
			}
		}
		file == 1 { new[$2] = $1; next }
		file == 2 {
			module = $3
			sub(/.*\//, "", module)
			if (!(module in is_ours))
				next
			total++
			old[$2] = module
			if (new[$2] != $1)
				changed++
			next
		}
		$1 in old {
			used[$1]
			if (new[$1] != $2)
				print $1 " of " old[$1] " is used by " $3 \
					" with version " $2 ", " \
					(new[$1] ? "ours is " new[$1] : "ours has it no more")
		}
		END {
			for (s in used)
				n_used++
			print total " exports, " changed + 0 " of another version, " \
				n_used + 0 " used by others" >"/dev/stderr"
		}' file=1 "$exports" file=2 "$headers/Module.symvers" \
		file=3 "$distro/users" \
		>"$log" 2>"$distro/versions.sum"
	result "other drivers find the symbol versions they were built with ($(cat "$distro/versions.sum"))" "$log"
}

build
mapfile -t ours < <(find "$built/drivers/nvme" -name '*.ko' | sort)
stock_modules
[ "$distro/.installed" -nt "$distro/.built" ] || install_ours
echo "TAP version 13"
check_structs
check_versions
echo "1..$n"
cat <<END
# ${#ours[@]} modules in $distro/modules/$kver/updates
# This kernel has no patched io_uring. Absent are, therefore:
#   cancellation of one waiting command: IORING_OP_ASYNC_CANCEL and LINK_TIMEOUT
#     do not reach it; the end of its process or ring does
#   the fix for a ring with IOPOLL that ends (io_uring-iopoll-ring-exit)
#   the fix for metadata of reads, which 6.12 also writes to read-only memory of
#     the caller (block-integrity-user-direction)
#   the fix for linked commands, whose SQEs 6.12 reads when their turn comes
#     (io_uring-cmd-chained-sqe)
END
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
