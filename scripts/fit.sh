# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Does a kernel of a distribution take the modules of the series, and how is its
# source made into them? Sourced by distro.sh, and part of the DKMS package, which
# has nothing else of scripts/: needed are die() and need(), $kver, and $headers,
# the directory of the kernel's headers.

# shellcheck disable=SC2154
# check_flavour: are the modules of the headers' kernel ours to replace?
check_flavour()
{
	local option

	for option in NVME_CORE BLK_DEV_NVME NVME_FABRICS NVME_TARGET; do
		! grep -qx "CONFIG_$option=y" "$headers/.config" ||
			die "$kver has $option built in: no module can replace it" \
				"take another flavour, as ${kver/-cloud/}, or build a" \
				"kernel: make kernel"
	done
	for option in CONFIG_NVME_MULTIPATH=y CONFIG_IO_URING=y CONFIG_MODULES=y; do
		grep -qx "$option" "$headers/.config" ||
			die "$kver has no $option, without which the series does nothing" \
				"take another flavour, or build a kernel: make kernel"
	done
}

# member <struct> <member>: prints "<type> <offset> <size>" from the kernel's BTF
member()
{
	pahole -F btf -C "$1" "$headers/vmlinux" 2>/dev/null | awk -v m="$2" '
		{ sub(/^[ \t]+/, ""); at = index($0, "/*") }
		at && match($0, /[^ *]+;/) && substr($0, RSTART, RLENGTH - 1) == m {
			type = substr($0, 1, RSTART - 1)
			gsub(/[ \t]+/, " ", type)
			split(substr($0, at + 2), n, " ")
			print type n[1] " " n[2]
		}'
}

# check_layout: the helpers of the patched io_uring/cmd.h keep the SQE in the
# memory that io_uring has for it, which is a structure of its own that no
# header shows.
check_layout()
{
	local is want='struct io_uring_sqe 0 128'

	need pahole pahole
	[ -f "$headers/vmlinux" ] ||
		die "the headers of $kver have no vmlinux with BTF" \
			"the layout of io_uring's structures cannot be known there;" \
			"build a kernel: make kernel"
	is=$(member uring_cache 'sqes[2]')
	[ "$is" = "$want" ] ||
		die "$kver keeps the SQE of a command in another way: sqes[2] of struct uring_cache is '$is', not '$want'" \
			"the helpers in patches/io_uring-cmd-issue-again are not for it;" \
			"build a kernel: make kernel"
}

# unpack_paths <directory> <path>...: of the tar.xz of a kernel's source, from
# stdin
unpack_paths()
{
	local dir=$1

	shift
	tar -C "$dir" -xJ --strip-components=1 --wildcards \
		--no-wildcards-match-slash "${@/#/*/}"
}

# only_paths <prefix>...: of a diff from stdin, what is for such files
only_paths()
{
	awk -v list="$*" '
		BEGIN { n = split(list, prefixes, " ") }
		/^diff --git / {
			on = 0
			for (i = 1; i <= n; i++)
				on = on || index($3, "a/" prefixes[i]) == 1
		}
		on'
}

# apply_diff <directory> <diff>: with an offset, but without fuzz
apply_diff()
{
	[ ! -s "$2" ] || patch -d "$1" -p1 -F0 -N -s -r - \
		--no-backup-if-mismatch <"$2"
}

# One symbol of each exporting module that all in-tree modules upon it need, off
# the paths of I/O.
own_symbols='nvme_uninit_ctrl nvme_wait_reset nvme_passthru_end nvmet_unregister_transport'

# write_kbuild <directory>: builds host and target from there. The headers' own
# copies of what the series changes would be found first; ccflags-y comes too
# late for that.
#
# A module of the series and one without it must not meet: structures differ. Symbol
# versions refuse that, where a kernel has them. Another name for what they
# call in each other refuses it everywhere, with "Unknown symbol".
write_kbuild()
{
	local s

	{
		# shellcheck disable=SC2016 # make's
		echo 'LINUXINCLUDE := -I$(src)/include -I$(src)/include/uapi $(LINUXINCLUDE)'
		for s in $own_symbols; do
			echo "LINUXINCLUDE += -D$s=${s}_passthru_failover"
		done
		echo 'obj-m += drivers/nvme/host/ drivers/nvme/target/'
	} >"$1/Kbuild"
}

# offsets <file> btf|dwarf <struct>: "<member> <offset> <size>", sorted
offsets()
{
	pahole -F "$2" -C "$3" "$1" 2>/dev/null |
		sed -nE 's/[[:space:]]*__attribute__\(\([^;]*\)\)//; s,^.*[^A-Za-z0-9_]([A-Za-z0-9_]+)(\[[0-9]+\])?(\)\([^;]*\))?;[[:space:]]*/\*[[:space:]]*([0-9]+)[[:space:]]+([0-9]+) \*/$,\1 \4 \5,p' |
		sort
}

# struct_differences <module>: prints those between the kernel's own structures
# that the helpers reach into, and what the module was built with
struct_differences()
{
	local s

	for s in io_kiocb io_uring_task io_ring_ctx io_uring_cmd; do
		diff <(offsets "$headers/vmlinux" btf "$s") \
			<(offsets "$1" dwarf "$s") || echo "struct $s"
		[ -n "$(offsets "$headers/vmlinux" btf "$s")" ] ||
			echo "the kernel has no struct $s"
	done
}

# fc_differences <Module.symvers>: prints exports to drivers of Fibre Channel
# adapters that have another symbol version than in the kernel's own modules
fc_differences()
{
	awk 'NR == FNR { is[$2] = $1; next }
		$3 ~ /\/nvmet?-fc$/ && is[$2] != $1 { print $2 }' \
		"$1" "$headers/Module.symvers"
}
