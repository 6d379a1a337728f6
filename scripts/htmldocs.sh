#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build the documentation of the series with the kernel's own build, and fail on
# every warning that names a file of the series.
#
# Usage: htmldocs.sh <base>
#
# Only our pages, their indexes and the ABI are built, as all the rest takes far
# longer. A page that no index names is warned of. Nothing is kept from the last
# time: what Sphinx takes from its cache it does not warn of again.
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
need sphinx-build python3-sphinx
"$top/scripts/tree.sh" "$base" series
tree=$base_dir/series
build=$base_dir/docs
log=$build.log

# What may be warned of: new documents, and sources that they take text from.
mapfile -t ours < <(git -C "$tree" diff --name-only --diff-filter=A base HEAD -- \
	Documentation drivers/nvme/host 'tools/testing/*.c')
mapfile -t pages < <(printf '%s\n' "${ours[@]}" |
	sed -n 's/^Documentation\/\(.*\)\.rst$/\1/p')

# skip_all_but <directory> <page>...: add all else in it to $skip
skip=output
skip_all_but()
{
	local dir=$1 f

	shift
	for f in $(cd "$tree/Documentation" && ls -d "$dir"*); do
		[[ " $* " == *" ${f%.rst} "* ]] || skip+=,$f
	done
}
skip_all_but "" index subsystem-apis admin-guide nvme sphinx sphinx-static
skip_all_but admin-guide/ admin-guide/index admin-guide/abi-testing \
	admin-guide/abi-testing-files "${pages[@]}"

rm -rf "$build"
mkdir -p "$build"
msg "building the documentation of $base (log: ${log#"$top"/})"
start=$SECONDS
# the python that Debian's packages are for
PATH=/usr/bin:$PATH make -s -C "$tree" O="$build" htmldocs \
	SPHINXOPTS="-q -D exclude_patterns=$skip" >"$log" 2>&1 || {
	tail -n 20 "$log" >&2
	die "the documentation could not be built" "see $log"
}
for page in "${pages[@]}"; do
	[ -s "$build/Documentation/output/$page.html" ] ||
		die "there is no page $page" "see $log"
done
! grep -E 'WARNING|ERROR|CRITICAL|warning:|error:' "$log" |
	grep -F "$(printf '%s\n' "${ours[@]}")" || exit 1
msg "${#pages[@]} pages built in $((SECONDS - start)) s: ${build#"$top"/}/Documentation/output"
