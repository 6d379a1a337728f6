#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Print which lines of the failover tests have reached, on a debug kernel.
#
# Usage: coverage.sh <base> [results]...
#	results	directories of make test or make torture, of this build of the kernel;
#		without one, the newest
#
# For each file: lines reached, lines in all. Then each line that was not reached, as
# "file function: line". Lines that coverage.unreached explains are counted apart.
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
shift
[ $# -gt 0 ] || set -- "$out/results/$base/latest"
for tool in gcov:gcc gcov-tool:gcc base64:coreutils; do
	need "${tool%:*}" "${tool#*:}"
done

build=$base_dir/series/build-debug
reasons=$top/scripts/coverage.unreached
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# counts_of <directory> <verdict>: the files that a guest has printed
counts_of()
{
	local word name counts

	mkdir -p "$1"
	while read -r word name counts; do
		[ "$word" != gcov ] || base64 -d <<<"$counts" >"$1/$name" ||
			die "$2: $name is damaged"
	done < <(tr -d '\r' <"$2" | grep '^gcov ')
}

n=0
while read -r verdict; do
	n=$((n + 1))
	if [ "$n" = 1 ]; then
		counts_of "$work/sum" "$verdict"
		continue
	fi
	counts_of "$work/one" "$verdict"
	gcov-tool merge "$work/sum" "$work/one" -o "$work/both" >/dev/null ||
		die "the counts of $verdict cannot be added"
	rm -rf "$work/sum" "$work/one"
	mv "$work/both" "$work/sum"
done < <(find -H "$@" -name verdict -exec grep -l '^gcov ' {} + | sort)
[ "$n" -gt 0 ] || die "no counts in $*" "they are from a test with KERNEL=debug"

for f in "$work/sum"/*.gcda; do
	f=${f##*/}
	cp "$build/drivers/nvme/host/${f%.gcda}.gcno" "$work/sum/" ||
		die "$build has no ${f%.gcda}.gcno" "make kernel KERNEL=debug BASE=$base"
done
echo "lines reached in $n guests, $base:"
# a header belongs to several files: a line counts as reached if one of them did
(cd "$build" && gcov -t -o "$work/sum" "$work/sum"/*.gcda 2>"$work/errors") |
	awk -f "$top/scripts/coverage.awk" "$reasons" - ||
	die "gcov failed" "$(head -n 5 "$work/errors")"
