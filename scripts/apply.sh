#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Apply the series to a kernel tree of the caller, or those up to one of them.
#
# Usage: apply.sh <tree> [<last series>]
#
# The base is that of the tree's version. All or nothing: a tree that the series
# does not fit is left as it was. With git the patches become commits on the
# current branch; without it only files change.
. "$(dirname "$0")/lib.sh"

kdir=${1:-}
[ -n "$kdir" ] || die "no kernel tree given" "make apply KDIR=/path/to/linux"
version=$(tree_version "$kdir")
kdir=$(cd "$kdir" && pwd -P)
[ -f "$top/bases/$version" ] ||
	die "$kdir is a $version tree, there is no series for that" \
		"there are series for: $(cd "$top/bases" && echo *)"
load_base "$version"
mail=$base_dir/mail
"$top/scripts/series.sh" "$base" >/dev/null

# series_up_to <last>: prints their directories, in order; without it all
series_up_to()
{
	local d

	for d in $(cd "$mail" && printf '%s\n' * | sort -V); do
		echo "$mail/$d"
		[ "${d#*-}" != "$1" ] || break
	done
}

upto=${2:-}
mapfile -t dirs < <(series_up_to "$upto")
[[ -z $upto || ${dirs[-1]} == */*-"$upto" ]] ||
	die "there is no series '$upto' for $base" \
		"there are: $(cd "$mail" && printf '%s\n' * | sort -V |
			sed 's/^[0-9]*-//' | tr '\n' ' ')"
mapfile -t patches < <(find "${dirs[@]}" -name '0*.patch' ! -name '0000-*' |
	sort -V)

# failed <patch> <log>: what did not fit
failed()
{
	sed 's/^/    /' "$2" >&2
	die "${1##*/} does not apply to $kdir; the tree is as it was" \
		"above is what was said of it; the patch is $1"
}

apply_git()
{
	local log current

	log=$(mktemp)
	git -C "$kdir" diff --quiet HEAD 2>/dev/null ||
		die "$kdir has changes that are not committed" \
			"commit or stash them"
	[ ! -d "$(git -C "$kdir" rev-parse --absolute-git-dir)/rebase-apply" ] ||
		die "a git am or rebase is going on in $kdir" \
			"end it, or give it up: git am --abort"
	git -C "$kdir" am --3way --keep-non-patch "${patches[@]}" >"$log" 2>&1 && {
		rm "$log"
		return
	}
	current=$(git -C "$kdir" am --show-current-patch=raw 2>/dev/null |
		sed -n 's/^Subject: //p' | head -n 1)
	# the hunk, as far as the merge got with it
	git -C "$kdir" diff >>"$log"
	git -C "$kdir" am --abort || git -C "$kdir" am --quit
	for p in "${patches[@]}"; do
		grep -qF "Subject: $current" "$p" || continue
		failed "$p" "$log"
	done
	failed "${patches[0]}" "$log"
}

# A copy of the files in question goes first: patch knows no way back.
apply_patch()
{
	local copy f p

	need patch patch
	copy=$(mktemp -d)
	# shellcheck disable=SC2064 # now
	trap "rm -rf '$copy' '$copy.rej' '$copy.log'" EXIT
	sed -n 's,^--- a/,,p' "${patches[@]}" | sort -u | while read -r f; do
		[ ! -f "$kdir/$f" ] || (cd "$kdir" && cp --parents -p "$f" "$copy")
	done
	for p in "${patches[@]}"; do
		patch -d "$copy" -p1 -f -s -r "$copy.rej" \
			--no-backup-if-mismatch <"$p" >"$copy.log" 2>&1 || {
			cat "$copy.rej" >>"$copy.log"
			failed "$p" "$copy.log"
		}
	done
	sed -n 's,^+++ b/,,p' "${patches[@]}" | sort -u | while read -r f; do
		! grep -qxF -- "--- /dev/null" <(grep -h -B1 "^+++ b/$f$" \
			"${patches[@]}" | head -n 1) || [ ! -e "$kdir/$f" ] ||
			die "$kdir has a file $f already; the tree is as it was"
	done
	cp -a "$copy/." "$kdir/"
}

if [ "$(git -C "$kdir" rev-parse --show-toplevel 2>/dev/null)" = "$kdir" ]; then
	apply_git
else
	apply_patch
fi
msg "applied ${#patches[@]} patches for $base to $kdir"
