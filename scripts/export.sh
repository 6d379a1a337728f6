#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The way back of tree.sh: after commits in out/<base>/series were amended,
# write their messages and hunks to patches/<base>. New files of this repo are
# edited here, never in the tree: they are left out.
#
# Usage: export.sh <base>
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
tree=$base_dir/series
patches=$top/patches/$base
[ -e "$tree/.git" ] || die "there is no ${tree#"$top"/}" "run make tree"
git -C "$tree" diff --quiet HEAD ||
	die "${tree#"$top"/} has changes that are in no commit" \
		"commit them, or amend the commit they belong to"

mapfile -t lines < <(grep -v '^[[:space:]]*\(#\|$\)' "$patches/series")
mapfile -t commits < <(git -C "$tree" rev-list --reverse base..HEAD)
[ ${#lines[@]} -eq ${#commits[@]} ] ||
	die "${#commits[@]} commits in the tree, ${#lines[@]} lines in patches/$base/series"

for i in "${!lines[@]}"; do
	read -ra words <<<"${lines[i]%%#*}"
	c=${commits[i]}
	patch=$patches/${words[0]}
	git -C "$tree" log -1 --format=%B "$c" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$patch"
	ours=()
	while read -r f; do
		git -C "$tree" cat-file -e "base:$f" 2>/dev/null ||
			[ ! -e "$top/$f" ] || ours+=(":!$f")
	done < <(git -C "$tree" diff --name-only "$c~" "$c")
	if ! git -C "$tree" diff --quiet "$c~" "$c" -- . "${ours[@]}"; then
		{
			echo '---'
			git -C "$tree" diff --stat "$c~" "$c" -- . "${ours[@]}"
			echo
			git -C "$tree" diff --abbrev=12 "$c~" "$c" -- . "${ours[@]}"
		} >>"$patch"
	fi
	msg "wrote ${words[0]}"
done
