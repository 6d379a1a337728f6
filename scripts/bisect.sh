#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build every prefix of the series, so that a bisection that ends inside of it
# finds kernels that build: as TAP, a line a configuration and prefix.
#
# Usage: bisect.sh <base> [configuration]...
#
# The first configuration is the one of the tests, and links the whole kernel
# and its modules. The others compile what the series touches with W=1; there a
# warning that the base does not give is a failure. Their commits share one work
# tree, out/<base>/bisect, and each builds on the objects of the one before.
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
shift
all=(plain builtin single-path no-io-uring i386 arm64 clang)
for c in "$@"; do
	check_word "configuration" "$c" "${all[@]}"
done
[ $# -gt 0 ] || set -- "${all[@]}"

llvm=19
for tool in gcc:gcc make:make flex:flex bison:bison bc:bc ccache:ccache \
	aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu \
	"clang-$llvm:clang-$llvm" "ld.lld-$llvm:lld-$llvm" \
	"llvm-ar-$llvm:llvm-$llvm"; do
	need "${tool%:*}" "${tool#*:}"
done

"$top/scripts/tree.sh" "$base" series
tree=$base_dir/bisect
logs=$out/results/$base/bisect
rm -rf "$logs"
mkdir -p "$logs"
need_space "$base_dir" 6144
fragment=$top/tools/testing/selftests/nvme-mpath/vm/kernel.config
# where the objects are that a patch can change
dirs=(drivers/nvme/ io_uring/)

# What a configuration has beyond that of the tests, and what make is told.
describe()
{
	options=$config$'\nCONFIG_NVME_FC=m\nCONFIG_NVME_VERBOSE_ERRORS=y'
	options+=$'\nCONFIG_IA32_EMULATION=y\nCONFIG_WERROR=n'
	args=(W=1)
	targets=("${dirs[@]}")
	case $1 in
	plain)
		options=$config
		args=()
		targets=(bzImage modules)
		;;
	builtin)
		options+=$'\nCONFIG_KUNIT=y\nCONFIG_KUNIT_ALL_TESTS=y'
		options+=$'\n'$(sed -n 's/=m$/=y/p' "$fragment" - <<<"$options")
		;;
	single-path)
		options+=$'\nCONFIG_NVME_MULTIPATH=n'
		;;
	no-io-uring)
		options+=$'\nCONFIG_IO_URING=n'
		;;
	i386)
		options+=$'\nCONFIG_64BIT=n'
		args+=(ARCH=i386)
		;;
	arm64)
		args+=(ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
			CC="ccache aarch64-linux-gnu-gcc")
		;;
	clang)
		args+=("LLVM=-$llvm" CC="ccache clang-$llvm")
		;;
	esac
}

# configure <configuration>: and see that it is what its name says
configure()
{
	local build=$tree/build-$1 want

	mkdir -p "$build"
	# of two lines for one option the last one counts
	{ cat "$fragment" && echo "$options"; } >"$build/all.config"
	kernel_make bisect "$1" "${args[@]}" allnoconfig \
		KCONFIG_ALLCONFIG="$build/all.config" >"$logs/$1.log" 2>&1 ||
		die "$1 could not be configured" "see $logs/$1.log"
	case $1 in
	builtin) want=CONFIG_NVME_CORE=y ;;
	single-path) want='# CONFIG_NVME_MULTIPATH is not set' ;;
	no-io-uring) want='# CONFIG_IO_URING is not set' ;;
	i386) want=CONFIG_X86_32=y ;;
	arm64) want=CONFIG_ARM64=y ;;
	clang) want=CONFIG_CC_IS_CLANG=y ;;
	*) want=CONFIG_NVME_CORE=m ;;
	esac
	grep -qxF "$want" "$build/.config" ||
		die "the configuration $1 has no '$want'" "see $build/.config"
	grep -qE '^CONFIG_BLK_DEV_NVME=[ym]$' "$build/.config" ||
		die "the configuration $1 has no NVMe" "see $build/.config"
}

mapfile -t commits < <(git -C "$base_dir/series" rev-list --reverse base..HEAD)
base_commit=$(git -C "$base_dir/series" rev-parse base)
[ -d "$tree" ] || git -C "$base_dir/stock" worktree add -q -f --detach \
	"$tree" "$base_commit"

# step <configuration> <n> <commit>: builds it; leaves what is wrong in $wrong
step()
{
	local log=$logs/$1-$2.log before=$logs/$1.warnings

	wrong=$logs/$1-$2.wrong
	: >"$wrong"
	git -C "$tree" checkout -q --detach "$3"
	# one that no compiler reads needs no build
	if [ "$2" -gt 0 ] && git -C "$tree" diff --quiet "$3~" "$3" -- \
		drivers include io_uring; then
		return
	fi
	if ! kernel_make bisect "$1" "${args[@]}" "${targets[@]}" \
		>"$log" 2>&1; then
		{ grep -E -A8 'error:|Error [0-9]|ERROR:' "$log" || :; } |
			sed -n 1,30p >"$wrong"
		echo "it does not build" >>"$wrong"
	fi
	sed -nE '/warning:/{s/:[0-9]+(:[0-9]+)?:/:/g; p}' "$log" |
		sort -u >"$log.warnings"
	[ "$2" -gt 0 ] || cp "$log.warnings" "$before"
	comm -13 "$before" "$log.warnings" >>"$wrong"
}

echo "TAP version 13"
echo "1..$(($# * (${#commits[@]} + 1)))"
n=0 passed=0 failed=0
for c in "$@"; do
	git -C "$tree" checkout -q --detach "$base_commit"
	describe "$c"
	configure "$c"
	start=$SECONDS
	i=0
	for commit in "$base_commit" "${commits[@]}"; do
		step "$c" "$i" "$commit"
		n=$((n + 1)) i=$((i + 1))
		what="$c: $(git -C "$tree" log -1 --format=%s)"
		if [ -s "$wrong" ]; then
			failed=$((failed + 1))
			echo "not ok $n - $what"
			sed 's/^/#   /' "$wrong"
		else
			passed=$((passed + 1))
			echo "ok $n - $what"
		fi
	done
	# the unit tests enter with one of the patches
	if [ "$c" = builtin ] && ! grep -qx CONFIG_NVME_PASSTHRU_KUNIT_TEST=y \
		"$tree/build-$c/.config"; then
		die "the configuration $c has no unit tests in the end" \
			"see $tree/build-$c/.config"
	fi
	msg "$c: $i kernels in $((SECONDS - start)) s"
done
echo "# logs: $logs"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
