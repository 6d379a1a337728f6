#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The way back of tree.sh: write the commits of out/<base>/series, which were
# amended there, to patches/. A diff that other bases share stays shared as long
# as it gives the same file here; else it is split, file by file. New files that
# were amended in the tree are copied back to the repo.
#
# Usage: export.sh <base>
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"

load_base "${1:-}"
tree=$base_dir/series
whole=$base_dir/.series-whole
[ -e "$tree/.git" ] || die "there is no ${tree#"$top"/}" "run make tree"
git -C "$tree" diff --quiet HEAD ||
	die "${tree#"$top"/} has changes that are in no commit" \
		"commit them, or amend the commit they belong to"
read_series
mapfile -t commits < <(git -C "$tree" rev-list --reverse base..HEAD)

# What is written must not depend on how the caller likes diffs.
g()
{
	git -C "$tree" -c core.quotePath=false -c color.ui=false \
		-c diff.noprefix=false -c diff.mnemonicPrefix=false \
		-c diff.algorithm=myers -c diff.context=3 \
		-c diff.interHunkContext=0 -c diff.renames=false "$@"
}

# diff_text <commit> <file>
diff_text()
{
	g diff --no-ext-diff --no-textconv --abbrev=12 "$1~" "$1" -- "$2"
}

# subject <commit>
subject()
{
	g log -1 --format=%s "$1"
}

# before <commit>: the one that was assembled or exported last in its place;
# nothing if that is not known
before()
{
	echo "${assembled_as[$(subject "$1")]:-}"
}

has()
{
	g cat-file -e "$1" 2>/dev/null
}

# check_subjects: every commit has its entry. With as many commits as entries, a
# subject that only the tree has is the new one of the entry at its place.
check_subjects()
{
	local i c e subjects here=()

	subjects=$(for e in "${entries[@]}"; do message_of "$e" | head -n 1; done)
	for c in "${commits[@]}"; do
		here+=("$(subject "$c")")
	done
	[ "$(printf '%s\n' "${here[@]}")" != "$subjects" ] || return 0
	if [ ${#entries[@]} -eq ${#commits[@]} ]; then
		check_order
		return
	fi
	for c in "${here[@]}"; do
		grep -qxF -- "$c" <<<"$subjects" || msg "no entry: $c"
	done
	for e in "${entries[@]}"; do
		printf '%s\n' "${here[@]}" |
			grep -xF -- "$(message_of "$e" | head -n 1)" >/dev/null ||
			msg "no commit: $e"
	done
	die "${#commits[@]} commits in the tree, ${#entries[@]} entries for $base" \
		"a new commit: write patches/<entry>/message, and add the entry to patches/series" \
		"one that is gone: remove its line and its directory"
}

# check_order: of $subjects, a line an entry, and ${here[@]}, those of the tree
check_order()
{
	local i lines

	mapfile -t lines <<<"$subjects"
	for i in "${!here[@]}"; do
		[ "${here[i]}" != "${lines[i]}" ] || continue
		! grep -qxF -- "${here[i]}" <<<"$subjects" ||
			die "'${here[i]}' is commit $((i + 1)) of the tree, but not entry $((i + 1)) for $base" \
				"put the lines of patches/series into the order of the commits:" \
				"git -C ${tree#"$top"/} log --reverse --format=%s base.."
		msg "new subject of ${entries[i]}: ${here[i]}"
	done
}

# in_tree <commit> <file>: mode and blob; nothing if the file is not there
in_tree()
{
	[ -z "$1" ] || g ls-tree "$1" -- "$2" | awk '{ print $1, $3 }'
}

# in_repo <file>: the same
in_repo()
{
	local mode=100644

	[ -e "$top/$1" ] || return 0
	[ ! -x "$top/$1" ] || mode=100755
	echo "$mode $(g hash-object --no-filters "$top/$1")"
}

# was_assembled <file> <mode> <blob>: the tree had it from the repo once
was_assembled()
{
	g log --format= --raw --no-abbrev --glob=refs/assembled ^base -- "$1" |
		grep " $2 [0-9a-f]* $3 " >/dev/null
}

# new_file <file>: one of the repo, that differs from the tree's. Of the two, one
# is still what was assembled or exported last, or both have changed.
new_file()
{
	local f=$1 now before repo

	now=$(in_tree HEAD "$f")
	before=$(in_tree "$was" "$f")
	repo=$(in_repo "$f")
	[ "$now" != "$repo" ] || return 0
	[ "$now" != "$before" ] || return 0
	# shellcheck disable=SC2086 # mode and blob
	if [ -n "$now" ] && was_assembled "$f" $now; then
		msg "left alone: $f, whose version in the tree is an earlier one of the repo"
		return
	fi
	if [ -z "$was" ] || [ "$repo" != "$before" ]; then
		die "$f was changed in ${tree#"$top"/} and in the repo" \
			"merge ${tree#"$top"/}/$f and $top/$f, so that both are the same"
	fi
	[ -n "$now" ] || die "$f was removed in ${tree#"$top"/}" \
		"remove $top/$f as well, or take the commit back"
	g show "HEAD:$f" >"$top/$f"
	if [ "${now%% *}" = 100755 ]; then chmod +x "$top/$f"; else chmod -x "$top/$f"; fi
	msg "copied back $f"
}

# check_new_files: before anything is written; those of the repo that $base has,
# or had
check_new_files()
{
	local f

	for f in $({
		echo "$owned"
		[ -z "$was" ] || g diff --name-only --diff-filter=A base "$was"
	} | sort -u); do
		has "base:$f" || made_by_diff "$f" || new_file "$f"
	done
}

# made_by_diff <file>: new, but not of the repo: a diff of some entry adds it
made_by_diff()
{
	grep -qxF -- "$1" <<<"$from_diffs"
}

# message <commit>: as for_base() leaves one
message()
{
	g log -1 --format=%B "$1" | for_base
}

# written <entry> <commit>: of the message, when it was amended in the tree
written()
{
	local here there a

	there=$(message "$2")
	here=$(message_of "$1")
	[ "$there" != "$here" ] || return 0
	a=$(before "$2")
	[ -z "$a" ] || [ "$(message "$a")" != "$there" ] || return 0
	! grep -qE '^\[[0-9]+\.[0-9]+: ' "$patches/$1/message" ||
		die "the message of '$(subject "$2")' was changed, and has a paragraph for one base" \
			"edit patches/$1/message instead"
	[ -z "$a" ] || [ "$(message "$a")" = "$here" ] ||
		die "the message of '$(subject "$2")' was changed in ${tree#"$top"/} and in patches/$1" \
			"make both the same"
	message "$2" >"$patches/$1/message"
	msg "wrote patches/$1/message"
}

# gives <diff text> <commit> <file>: applied to the parent it gives this file
gives()
{
	local -x GIT_INDEX_FILE=$base_dir/export.index

	g read-tree "$2~"
	g apply --cached <<<"$1" 2>/dev/null &&
		[ "$(g ls-files -s -- "$3" | awk '{ print $1, $2 }')" = \
			"$(in_tree "$2" "$3")" ]
}

# put <diff file> <file> <text>: replace what a diff has for a file
put()
{
	local f new=$1.new

	: >"$new"
	for f in $({ pieces "$1" && echo "$2"; } | sort -u); do
		if [ "$f" = "$2" ]; then
			[ -z "$3" ] || printf '%s\n' "$3"
		else
			piece "$f" "$1"
		fi
	done >"$new"
	if [ -s "$new" ]; then mv "$new" "$1"; else rm -f "$new" "$1"; fi
}

# shared_by_all <entry> <commit> <file>: can all bases have one diff for it?
# Prints it. The others are not asked here, so they have to have the same one.
shared_by_all()
{
	local dir=$patches/$1 b text='' other

	for b in $(bases_of "$1"); do
		[ "$b" != "$base" ] || continue
		other=$(piece "$3" "$dir/$b.diff" 2>/dev/null)
		[ -n "$other" ] && [ "${text:-$other}" = "$other" ] || return 1
		text=$other
	done
	[ -z "$text" ] || gives "$text" "$2" "$3" || return 1
	[ -n "$text" ] || text=$(diff_text "$2" "$3")
	printf '%s\n' "$text"
}

# hunks <commit> <file>: wherever they are in the file
hunks()
{
	diff_text "$1" "$2" | sed -e '/^index /d' -e 's/^@@ .*/@@/'
}

# changed_in_repo <entry> <commit> <file>: does patches/ have other hunks than
# those of the last assembly, and the tree still these? Dies if both changed.
changed_in_repo()
{
	local a text

	a=$(before "$2")
	[ -n "$a" ] || return 1
	text=$(piece "$3" <(diff_of "$1"))
	if [ -n "$text" ]; then
		! gives "$text" "$a" "$3" || return 1
	else
		[ -n "$(diff_text "$a" "$3")" ] || return 1
	fi
	[ "$(hunks "$a" "$3")" = "$(hunks "$2" "$3")" ] ||
		die "$3 was changed in '$(subject "$2")' of ${tree#"$top"/} and in patches/$1" \
			"take the change of patches/$1 into the commit, and put the diff back:" \
			"git checkout patches/$1"
	msg "left alone: $3 in patches/$1, changed there since 'make tree'"
}

# unshare <entry> <file>: what all bases had is now that of the others only
unshare()
{
	local dir=$patches/$1 text b

	text=$(piece "$2" "$dir/diff")
	for b in $(bases_of "$1"); do
		[ "$b" = "$base" ] || put "$dir/$b.diff" "$2" "$text"
	done
	put "$dir/diff" "$2" ''
}

# export_file <entry> <commit> <file>
export_file()
{
	local dir=$patches/$1 text b

	! changed_in_repo "$@" || return 0
	text=$(piece "$3" "$dir/diff" 2>/dev/null) || true
	if [ -n "$text" ] && gives "$text" "$2" "$3"; then
		return
	fi
	[ -z "$text" ] || unshare "$1" "$3"
	text=$(piece "$3" "$dir/$base.diff" 2>/dev/null) || true
	if [ -z "$text" ] || ! gives "$text" "$2" "$3"; then
		text=$(diff_text "$2" "$3")
		msg "wrote patches/$1: $3"
	fi
	put "$dir/$base.diff" "$3" "$text"
	if text=$(shared_by_all "$1" "$2" "$3"); then
		put "$dir/diff" "$3" "$text"
		for b in $(bases_of "$1"); do
			put "$dir/$b.diff" "$3" ''
		done
	fi
}

# export_entry <entry> <commit>: its hunks, and what is not its own any more
export_entry()
{
	local f changed

	changed=$(g diff --name-only "$2~" "$2")
	for f in $changed; do
		if has "base:$f" ||
			pieces <(diff_of "$1") | grep -xF -- "$f" >/dev/null; then
			export_file "$1" "$2" "$f"
		elif ! grep -qxF -- "$f" <<<"$owned" &&
			[ -z "$(in_tree "$was" "$f")" ]; then
			die "$f is new in '$(subject "$2")'" \
				"copy it to the repo and name it in patches/series"
		fi
	done
	for f in $(pieces "$patches/$1/$base.diff"); do
		! grep -qxF -- "$f" <<<"$changed" || continue
		changed_in_repo "$1" "$2" "$f" ||
			put "$patches/$1/$base.diff" "$f" ''
	done
	for f in $(pieces "$patches/$1/diff"); do
		! grep -qxF -- "$f" <<<"$changed" || continue
		changed_in_repo "$1" "$2" "$f" || unshare "$1" "$f"
	done
}

# What was assembled or exported last; empty if that is not known.
was=$(cat "$whole" 2>/dev/null) || was=''
g cat-file -e "$was^{commit}" 2>/dev/null || was=''
# commit by commit: most are as they were
mapfile -t assembled < <([ -z "$was" ] || g rev-list --reverse "base..$was")
# by subject, where it has not changed
declare -A assembled_as
for c in "${assembled[@]}"; do
	assembled_as[$(subject "$c")]=$c
done
# the files of the repo that $base has, and new ones that diffs add
# shellcheck disable=SC2048,SC2086 # patterns, for git to expand
owned=$(set -f && files_of ${new_files[*]})
from_diffs=$(for e in "${entries[@]}"; do pieces <(diff_of "$e"); done)

# same <commit> <commit>: they and their parents have the same trees
same()
{
	[ "$(g rev-parse "$1^{tree}" "$1~^{tree}")" = \
		"$(g rev-parse "$2^{tree}" "$2~^{tree}")" ]
}

check_subjects
check_new_files
for i in "${!entries[@]}"; do
	written "${entries[i]}" "${commits[i]}"
	if [ -z "${assembled[i]:-}" ] ||
		! same "${assembled[i]}" "${commits[i]}"; then
		export_entry "${entries[i]}" "${commits[i]}"
	fi
done
git -C "$tree" rev-parse HEAD >"$whole"
msg "patches/ has what ${tree#"$top"/} has"
