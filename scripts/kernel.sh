#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the test kernel: allnoconfig plus the fragments of the selftest.
#
# Usage: kernel.sh [-n] <base> stock|series|cleanup plain|debug|kcsan|single
#  -n	only check these names
#
# Builds lie beside each other in out/<base>/<tree>/build-<kernel>, a
# subdirectory of the source, so that all paths are relative and ccache shares
# the objects of both trees.
. "$(dirname "$0")/lib.sh"

names_only=0
[ "${1:-}" != -n ] || { names_only=1 && shift; }
load_base "${1:-}"
name=${2:-series}
kernel=${3:-plain}
check_kernel "$name" "$kernel"
[ "$names_only" = 0 ] || exit 0
for tool in gcc:gcc make:make flex:flex bison:bison bc:bc ccache:ccache \
	depmod:kmod; do
	need "${tool%:*}" "${tool#*:}"
done

tree=$base_dir/$name
build=$tree/build-$kernel
vm=$top/tools/testing/selftests/nvme-mpath/vm
log=$build.log
need_space "$tree" 2048

fragments=("$vm/kernel.config" "$vm/$kernel.config")
mkdir -p "$build"
# shellcheck disable=SC2154 # of bases/$base
echo "$config" >"$build/base.config"
fragments+=("$build/base.config")

# What the fragments ask for, line by line: the last one that names an option decides.
asked()
{
	cat "${fragments[@]}" | awk '
		/^# CONFIG_[A-Z0-9_]+ is not set$/ { line[$2] = $0 }
		/^CONFIG_/ { line[substr($0, 1, index($0, "=") - 1)] = $0 }
		END { for (option in line) print line[option] }'
}

# Every option has to be there in the end.
check_config()
{
	local lost

	lost=$(asked | grep -vxFf "$build/.config" | tr '\n' ' ') || true
	[ -z "$lost" ] ||
		die "options that the configuration dropped: $lost" \
			"asked for by ${fragments[*]#"$top"/}"
}

configure()
{
	! cmp -s "$build/.config.done" <(cat "${fragments[@]}") || return 0
	msg "configuring the $kernel kernel of $base $name"
	(cd "$tree" && scripts/kconfig/merge_config.sh -n -O "build-$kernel" \
		"${fragments[@]}") >"$log" 2>&1 ||
		die "the kernel could not be configured" "see $log"
	check_config
	cat "${fragments[@]}" >"$build/.config.done"
}

exec 9>"$base_dir/.build-$name-$kernel.lock"
flock 9
configure
msg "building the $kernel kernel of $base $name (log: ${log#"$top"/})"
start=$SECONDS
failed()
{
	grep -E -B2 -A8 'error:|Error [0-9]' "$log" | head -n 40 >&2
	die "the build failed" "see $log"
}
# CONFIG_GCOV_KERNEL: the files of failover count how often each of their lines runs
profiled=()
if [ "$kernel" = debug ]; then
	mapfile -t profiled < <(cd "$top/drivers/nvme/host" &&
		printf '%s\n' mpath_passthru*.c |
		sed 's/\(.*\)\.c/GCOV_PROFILE_\1.o=y/')
fi
kernel_make "$name" "$kernel" "${profiled[@]}" bzImage modules 2>&1 |
	tee "$log" | progress || failed
# here they lie for the initramfs
kernel_make "$name" "$kernel" INSTALL_MOD_PATH=install modules_install \
	>>"$log" 2>&1 || failed
msg "$base $name $kernel built in $((SECONDS - start)) s"
