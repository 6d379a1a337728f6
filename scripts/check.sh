#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Static checks of the assembled series and of this repo's scripts, as TAP.
# Usage: check.sh <base>
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
for tool in shellcheck:shellcheck sparse:sparse perl:perl \
	sphinx-build:python3-sphinx; do
	need "${tool%:*}" "${tool#*:}"
done
"$top/scripts/tree.sh" "$base" series
"$top/scripts/kernel.sh" "$base" series plain
tree=$base_dir/series
logs=$out/results/$base/check
rm -rf "$logs"
mkdir -p "$logs"

echo "TAP version 13"

# The sender signs the mails. MAINTAINERS gets its entry with the tests, since the
# new files do not all come at once.
mapfile -t commits < <(git -C "$tree" rev-list --reverse base..HEAD)
for c in "${commits[@]}"; do
	log=$logs/checkpatch-$c
	# the tree has no history to look for the commits of Fixes: tags in
	ignore=FILE_PATH_CHANGES,UNKNOWN_COMMIT_ID
	# checkpatch knows how trace events are written under include/trace only
	git -C "$tree" diff --quiet "$c~" "$c" -- drivers/nvme/host/trace.h ||
		ignore+=,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
	git -C "$tree" format-patch -q --stdout -1 "$c" |
		(cd "$tree" && PATH=/usr/bin:$PATH perl scripts/checkpatch.pl --strict --no-signoff \
			--terse --no-summary --show-types \
			--ignore "$ignore" -) >"$log" 2>&1 || true
	result "checkpatch --strict: $(git -C "$tree" log -1 --format=%s "$c")" \
		"$log"
done

# What the series touches and this configuration builds, and the unit tests,
# which it does not. What the base says about its own files is not ours,
# wherever the lines have moved to.
mapfile -t sources < <(git -C "$tree" diff --name-only base HEAD -- \
	'drivers/*.c' 'io_uring/*.c')

# warnings_of stock|series <make argument>...
warnings_of()
{
	local name=$1 f objects=()

	shift
	for f in "${sources[@]}"; do
		[ -f "$base_dir/$name/$f" ] || continue
		[[ $f == *_kunit.c ||
			-f $base_dir/$name/build-plain/${f%.c}.o ]] || continue
		objects+=("${f%.c}.o")
	done
	[ ${#objects[@]} -gt 0 ] || die "nothing to check in $name"
	kernel_make "$name" plain -s CONFIG_NVME_PASSTHRU_KUNIT_TEST=y "$@" \
		"${objects[@]}" \
		>"$logs/make-$name" 2>&1 ||
		die "make $* failed" "see $logs/make-$name"
	sed -nE '/(warning|error):/s/:[0-9]+(:[0-9]+)?:/:/gp' \
		"$logs/make-$name" | sort -u
}

"$top/scripts/kernel.sh" "$base" stock plain
for kind in W=1 "C=2 CHECK=sparse"; do
	# shellcheck disable=SC2086
	warnings_of stock $kind >"$logs/warnings-stock"
	# shellcheck disable=SC2086
	warnings_of series $kind >"$logs/warnings-series"
	comm -13 "$logs/warnings-stock" "$logs/warnings-series" >"$logs/warnings"
	result "make $kind: no new warning in ${#sources[@]} touched files" \
		"$logs/warnings"
done

(cd "$tree" && perl scripts/kernel-doc -none -Werror "${sources[@]}" \
	include/linux/io_uring/cmd.h) 2>&1 |
	grep -E 'passthru|warning|error' >"$logs/kernel-doc" || true
result "kernel-doc -Werror" "$logs/kernel-doc"

# Where the base says so the driver loads into a kernel that is not patched: all
# it takes from outside of itself has to be exported there.
if [ "${driver_alone:-0}" = 1 ]; then
	host=build-plain/drivers/nvme/host
	exports() { cut -f2,3 "$base_dir/$1/build-plain/Module.symvers"; }
	nm -u "$tree/$host"/*.ko | sed -n 's/^ *U //p' | sort -u |
		comm -23 - <({ exports stock && exports series |
			grep '	drivers/nvme/host/'; } | cut -f1 | sort -u) \
		>"$logs/symbols"
	result "the driver takes nothing that a kernel without the series lacks" \
		"$logs/symbols"
fi

"$top/scripts/htmldocs.sh" "$base" >"$logs/htmldocs" || [ $? -eq 1 ]
result "htmldocs: no warning in new files" "$logs/htmldocs"

mapfile -t scripts < <(cd "$top" && git ls-files -co --exclude-standard \
	'*.sh' '*/init' '*.rc' .ci/run)
(cd "$top" && printf '%s\0' "${scripts[@]}" |
	xargs -0 -n 16 -P "$(nproc)" shellcheck -x) >"$logs/shellcheck" 2>&1 || true
# it takes its frame from blktests
(cd "$top" && shellcheck -e SC1091,SC2034,SC2154 contrib/blktests/passthru-failover) \
	>>"$logs/shellcheck" 2>&1 || true
result "shellcheck -x: $((${#scripts[@]} + 1)) scripts" "$logs/shellcheck"

# Every file of the repo that belongs to a kernel enters it with one entry, and
# every directory of patches/ is one.
{
	(cd "$top" && git ls-files -co --exclude-standard \
		drivers include tools Documentation) | while read -r f; do
		git -C "$tree" cat-file -e "HEAD:$f" 2>/dev/null || echo "$f"
	done
	for f in "$top"/patches/*/message; do
		f=${f%/message}
		grep -q "^${f##*/}[[:space:]]" "$top/patches/series" ||
			echo "patches/${f##*/}"
	done
} >"$logs/orphans"
result "no file and no patch is left out of the series" "$logs/orphans"

# A list of what a distribution's kernel cannot run names tests that there are.
grep -v '^#' "$vm/distro.skips" | while read -r name reason; do
	[ -f "$vm/../$name.sh" ] && [ -n "$reason" ] || echo "$name"
done >"$logs/distro-skips"
result "vm/distro.skips: each line is a test and a reason" "$logs/distro-skips"

# A mutant that does not apply proves nothing.
if [ "${driver_alone:-0}" = 1 ]; then
	for f in "$top"/mutants/*.patch; do
		git -C "$tree" apply --check "$f" 2>&1 | sed "s|^|${f##*/}: |"
	done >"$logs/mutants" || true
	result "mutants/: each applies to the series" "$logs/mutants"
fi

# get_maintainer.pl has to name an entry for each new file.
git -C "$tree" diff --diff-filter=A --name-only base HEAD | (cd "$tree" &&
	while read -r f; do
		perl scripts/get_maintainer.pl --nogit --nogit-fallback \
			--sections -f "$f" 2>&1 |
			grep -x 'NVM EXPRESS PASSTHROUGH FAILOVER' >/dev/null ||
			echo "$f"
	done) >"$logs/maintainers"
result "get_maintainer.pl: every new file has its entry" "$logs/maintainers"

"$top/scripts/fixtures-tree.sh" >"$logs/fixtures-tree" 2>&1 &&
	: >"$logs/fixtures-tree"
result "fixtures of tree.sh and export.sh" "$logs/fixtures-tree"

echo "1..$n"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
