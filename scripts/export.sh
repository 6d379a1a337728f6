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

g()
{
	git -C "$tree" "$@"
}

has()
{
	g cat-file -e "$1" 2>/dev/null
}

# check_subjects: as many commits as entries, or the ones that do not fit
check_subjects()
{
	local c e subjects

	[ ${#entries[@]} -ne ${#commits[@]} ] || return 0
	subjects=$(for e in "${entries[@]}"; do message_of "$e" | head -n 1; done)
	for c in "${commits[@]}"; do
		grep -qxF "$(g log -1 --format=%s "$c")" <<<"$subjects" ||
			msg "no entry: $(g log -1 --format=%s "$c")"
	done
	for e in "${entries[@]}"; do
		g log --format=%s base..HEAD |
			grep -qxF "$(message_of "$e" | head -n 1)" ||
			msg "no commit: $e"
	done
	die "${#commits[@]} commits in the tree, ${#entries[@]} entries for $base" \
		"a new commit: write patches/<entry>/message, and add the entry to patches/series" \
		"one that is gone: remove its line and its directory"
}

# new_file <file>: one of the repo, which the tree may have in another version
new_file()
{
	local f=$1 was

	! g show "HEAD:$f" | cmp -s - "$top/$f" || return 0
	was=$(cat "$whole" 2>/dev/null) || true
	! has "$was:$f" || [ "$(g rev-parse "$was:$f")" != \
		"$(g rev-parse "HEAD:$f")" ] || return 0
	if ! has "$was:$f" || ! g show "$was:$f" | cmp -s - "$top/$f"; then
		die "$f was changed in ${tree#"$top"/} and in the repo" \
			"merge ${tree#"$top"/}/$f and $f, so that both are the same"
	fi
	g show "HEAD:$f" >"$top/$f"
	msg "copied back $f"
}

# written <entry> <commit>: of the message, when it was amended
written()
{
	! message_of "$1" | cmp -s - <(g log -1 --format=%B "$2" | for_base) ||
		return 0
	! grep -qE '^\[[0-9]+\.[0-9]+: ' "$patches/$1/message" ||
		die "the message of '$(g log -1 --format=%s "$2")' was changed, and has a paragraph for one base" \
			"edit patches/$1/message instead"
	g log -1 --format=%B "$2" | for_base >"$patches/$1/message"
	msg "wrote patches/$1/message"
}

# gives <diff text> <commit> <file>: applied to the parent it gives this file
gives()
{
	local -x GIT_INDEX_FILE=$base_dir/export.index
	local want=''

	g read-tree "$2~"
	! has "$2:$3" || want=$(g rev-parse "$2:$3")
	g apply --cached <<<"$1" 2>/dev/null &&
		[ "$(g ls-files -s -- "$3" | cut -d ' ' -f 2)" = "$want" ]
}

# bases_of <entry>
bases_of()
{
	local list

	list=$(awk -v e="$1" '$1 == e { print $3 }' "$patches/series" |
		tr ',' '\n' | sort -u)
	[[ $list != *all* ]] || list=$(cd "$top/bases" && printf '%s\n' *)
	echo "$list"
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
# Prints that, if it is the present one of another base.
shared_by_all()
{
	local dir=$patches/$1 b text=''

	for b in $(bases_of "$1"); do
		[ "$b" != "$base" ] || continue
		text=$(piece "$3" "$dir/$b.diff" 2>/dev/null)
		[ -n "$text" ] && gives "$text" "$2" "$3" || return 1
	done
	[ -n "$text" ] || text=$(g diff --abbrev=12 "$2~" "$2" -- "$3")
	printf '%s\n' "$text"
}

# export_file <entry> <commit> <file>
export_file()
{
	local dir=$patches/$1 text b

	text=$(piece "$3" "$dir/diff" 2>/dev/null) || true
	if [ -n "$text" ] && gives "$text" "$2" "$3"; then
		return
	fi
	if [ -n "$text" ]; then
		for b in $(bases_of "$1"); do
			[ "$b" = "$base" ] || put "$dir/$b.diff" "$3" "$text"
		done
		put "$dir/diff" "$3" ''
	fi
	text=$(piece "$3" "$dir/$base.diff" 2>/dev/null) || true
	if [ -z "$text" ] || ! gives "$text" "$2" "$3"; then
		text=$(g diff --abbrev=12 "$2~" "$2" -- "$3")
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
	local f changed b text

	changed=$(g diff --name-only "$2~" "$2")
	for f in $changed; do
		if has "base:$f"; then
			export_file "$1" "$2" "$f"
		elif [ -e "$top/$f" ]; then
			new_file "$f"
		elif has "HEAD:$f" && [ -n "$(diff_of "$1")" ] &&
			pieces <(diff_of "$1") | grep -qxF "$f"; then
			export_file "$1" "$2" "$f"
		else
			die "$f is new in '$(g log -1 --format=%s "$2")'" \
				"copy it to the repo and name it in patches/series"
		fi
	done
	for f in $(pieces "$patches/$1/$base.diff"); do
		grep -qxF "$f" <<<"$changed" || put "$patches/$1/$base.diff" "$f" ''
	done
	for f in $(pieces "$patches/$1/diff"); do
		! grep -qxF "$f" <<<"$changed" || continue
		text=$(piece "$f" "$patches/$1/diff")
		for b in $(bases_of "$1"); do
			[ "$b" = "$base" ] || put "$patches/$1/$b.diff" "$f" "$text"
		done
		put "$patches/$1/diff" "$f" ''
	done
}

# What was assembled, commit by commit: most are as they were.
mapfile -t assembled < <(was=$(cat "$whole" 2>/dev/null) && [ -n "$was" ] &&
	g rev-list --reverse "base..$was")

# same <commit> <commit>: they and their parents have the same trees
same()
{
	[ "$(g rev-parse "$1^{tree}" "$1~^{tree}")" = \
		"$(g rev-parse "$2^{tree}" "$2~^{tree}")" ]
}

check_subjects
for i in "${!entries[@]}"; do
	written "${entries[i]}" "${commits[i]}"
	if [ -z "${assembled[i]:-}" ] ||
		! same "${assembled[i]}" "${commits[i]}"; then
		export_entry "${entries[i]}" "${commits[i]}"
	fi
done
git -C "$tree" rev-parse HEAD >"$whole"
msg "patches/ has what ${tree#"$top"/} has"
