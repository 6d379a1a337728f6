# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Shared by the scripts of this directory: messages, paths, the base kernel.
#
# Out of it: $top, $out, $base_dir, $jobs, and the fields of bases/$BASE.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$(realpath -m "${OUT:-$top/out}")
jobs=${JOBS:-$(nproc)}

msg()
{
	printf '==> %s\n' "$*" >&2
}

# die <what is wrong, and what to do next>...: exit 2, "could not be done"
die()
{
	local line

	printf 'error: %s\n' "$1" >&2
	shift
	for line in "$@"; do
		printf '       %s\n' "$line" >&2
	done
	exit 2
}

# The results of a script that prints TAP.
# shellcheck disable=SC2034 # for the scripts that source this
n=0 passed=0 failed=0 skipped=0

# result <description> <log>: an empty log is a pass
result()
{
	n=$((n + 1))
	if [ -s "$2" ]; then
		failed=$((failed + 1))
		echo "not ok $n - $1"
		head -n 40 "$2" | sed 's/^/#   /'
	else
		passed=$((passed + 1))
		echo "ok $n - $1"
	fi
}

# need <command> <Debian package>
need()
{
	command -v "$1" >/dev/null ||
		die "$1 is not installed (Debian package: $2)" \
			"make deps installs everything that is needed"
}

# need_space <directory> <MiB>: before work that would half-finish without it
need_space()
{
	local free

	mkdir -p "$1"
	free=$(df --output=avail -m "$1" | tail -n 1 | tr -d " ")
	[ "$free" -ge "$2" ] ||
		die "$1 has $free MiB free, $2 MiB are needed" \
			"free some space, or say OUT=/path/with/space"
}

# find_mirror <label>: the first of the machine's sources that is such an archive
find_mirror()
{
	# shellcheck disable=SC2016 # the fields are apt's
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
		"Label: $1" 'Component: main' | head -n 1
}

# load_base <base>: reads bases/<base>, refuses an unknown one
load_base()
{
	base=$1
	[[ -n $base && -f $top/bases/$base ]] ||
		die "unknown BASE '$base'" "there are: $(cd "$top/bases" && echo *)"
	# shellcheck source=bases/6.12
	. "$top/bases/$base"
	base_dir=$out/$base
}

# tree_version <directory>: prints that of a kernel source tree, as 6.12
tree_version()
{
	[[ -f $1/Makefile && -f $1/drivers/nvme/host/multipath.c ]] ||
		die "$1 is not a kernel source tree"
	awk '$1 == "VERSION" { v = $3 } $1 == "PATCHLEVEL" { p = $3 }
		END { print v "." p }' "$1/Makefile"
}

# check_word <name> <value> <allowed>...
check_word()
{
	local name=$1 value=$2 word

	shift 2
	for word in "$@"; do
		[ "$value" != "$word" ] || return 0
	done
	die "unknown $name '$value'" "there are: $*"
}

# check_kernel <tree> <kernel> [distro]: before anything is unpacked or built;
# distro where that kernel is allowed, too
check_kernel()
{
	check_word "kernel tree" "$1" stock series cleanup
	check_word KERNEL "$2" plain debug kcsan single "${@:3}"
}

# kernel_make <tree> <kernel> <argument>...: always with the same tools and
# names, or kbuild would build everything again
kernel_make()
{
	local tree=$1 kernel=$2

	shift 2
	CCACHE_DIR=${CCACHE_DIR:-$out/ccache} CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G} \
		make -C "$base_dir/$tree" O="build-$kernel" -j"$jobs" \
		CC="ccache gcc" HOSTCC="ccache gcc" LOCALVERSION="-$tree" \
		KBUILD_BUILD_TIMESTAMP='2026-01-01' \
		KBUILD_BUILD_USER=nvme-mpath KBUILD_BUILD_HOST=nvme-mpath "$@"
}

# Shows how far a build is on a terminal; in a log, a line now and then.
progress()
{
	local n=0 line step=500

	[ ! -t 2 ] || step=10
	while read -r line; do
		n=$((n + 1))
		[ $((n % step)) -eq 0 ] || continue
		if [ -t 2 ]; then
			printf '\r    %5d  %-60.60s' "$n" "$line" >&2
		else
			printf '    %5d  %s\n' "$n" "$line" >&2
		fi
	done
	[ ! -t 2 ] || printf '\r%72s\r' '' >&2
}

# shellcheck disable=SC2034 # for the scripts that source this
vm=$top/tools/testing/selftests/nvme-mpath/vm

# install_selftests: those of the series, whatever kernel they are to run on,
# the way kselftest installs them; sets $installed. The tool is linked
# statically, as the guest has no C library of its own.
install_selftests()
{
	installed=$base_dir/selftests
	mkdir -p "$installed.build"
	# a test that is no more is not to be run
	rm -f "$installed"/nvme-mpath/test_*.sh
	make -s -C "$base_dir/series/tools/testing/selftests" \
		TARGETS=nvme-mpath O="$installed.build" LDFLAGS=-static \
		INSTALL_PATH="$installed" install \
		>"$installed.log" 2>&1 ||
		die "the selftests could not be built" "see $installed.log"
}

# prepare <tree> <kernel>: all that a VM needs; sets $image, $kernel_config,
# $installed and the array vm_options. After load_base.
prepare()
{
	check_kernel "$1" "$2" distro
	need qemu-system-x86_64 qemu-system-x86
	if [ "$2" = distro ]; then
		prepare_distro "$1"
		return
	fi
	"$top/scripts/tree.sh" "$base" series
	[ "$1" = series ] || "$top/scripts/tree.sh" "$base" "$1"
	"$top/scripts/kernel.sh" "$base" "$1" "$2"
	install_selftests
	# shellcheck disable=SC2034
	image=$base_dir/$1/build-$2/arch/x86/boot/bzImage
	# shellcheck disable=SC2034
	kernel_config=$base_dir/$1/build-$2/.config
	vm_options=(-m "$base_dir/$1/build-$2/install/lib/modules")
	case $2 in
	debug) vm_options+=(-d) ;;
	kcsan) vm_options+=(-d -w) ;;
	esac
}

# new_results <what>: sets $results, a new directory
new_results()
{
	results=$out/results/$base/$(date +%Y%m%d-%H%M%S)-$1
	mkdir -p "$results"
	ln -sfn "${results##*/}" "$out/results/$base/latest"
}
