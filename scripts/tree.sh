#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Make the source trees of a base kernel: out/<base>/stock is the base, and
# out/<base>/series has one commit more for each entry of patches/series.
# out/<base>/cleanup ends with the entries that are no part of failover: the bench
# compares with it. Nobody edits that one.
#
# Usage: tree.sh <base> stock|series|cleanup
#
# A commit is made of the message and the diffs of its entry and of the new files
# that its line names, without a checkout: only at the end does the work tree
# move, and only files that changed are written. A commit that was made once is found
# again by the hash of all that went into it, so an edit assembles no more than
# what follows it. KSRC=/path takes the base from an unpacked tree.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"

load_base "${1:-}"
name=${2:-series}
check_word tree "$name" stock series cleanup

repo=$base_dir/stock
tree=$base_dir/$name
need git git
need_space "$base_dir" 4096

# The trees are ours: who assembles them shall not change their hashes.
g()
{
	env GIT_AUTHOR_NAME=nvme-mpath GIT_AUTHOR_EMAIL=nvme-mpath@localhost \
		GIT_COMMITTER_NAME=nvme-mpath \
		GIT_COMMITTER_EMAIL=nvme-mpath@localhost \
		GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' \
		GIT_COMMITTER_DATE='2026-01-01T00:00:00Z' \
		git -C "$repo" -c gc.auto=0 -c core.autocrlf=false \
			-c core.safecrlf=false -c commit.gpgSign=false "$@"
}

# A tree is whole when it has out/<base>/stock/.git/nvme-mpath-base: written
# last, it names where the source came from.
stamp=$repo/.git/nvme-mpath-base

check_ksrc()
{
	local have

	have=$(tree_version "$1")
	[ "$have" = "$base" ] ||
		die "KSRC=$1 is a $have tree, BASE is $base" \
			"give a $base tree, or another BASE"
}

unpack_base()
{
	local source package_is

	if [ -n "${KSRC:-}" ]; then
		check_ksrc "$KSRC"
		source="KSRC $(cd "$KSRC" && pwd)"
	else
		if [ -f "$stamp" ]; then
			! grep '^KSRC' "$stamp" >&2 ||
				msg "above is the base; make clean to have the package's"
			return 0
		fi
		package_is=$("$top/scripts/package.sh" "$base")
		read -r version tarball <<<"$package_is"
		source="package $version $(sha256sum <"$tarball")"
	fi
	[ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$source" ] || return 0

	rm -rf "$base_dir"
	mkdir -p "$repo.new"
	if [ -n "${KSRC:-}" ]; then
		msg "copying $KSRC"
		tar -C "$KSRC" --exclude=.git --exclude='*.o' -cf - . |
			tar -C "$repo.new" -xf -
	else
		msg "unpacking $tarball"
		tar -C "$repo.new" --strip-components=1 -xf "$tarball"
	fi
	mv "$repo.new" "$repo"
	msg "committing the base"
	g init -q -b base
	printf '/build-*/\n' >>"$repo/.git/info/exclude"
	# -f: a source package ignores files that it ships
	g add -A -f -- . ':!/build-*'
	g commit -qm "Linux $base, the base of this series"
	g worktree prune
	printf '%s\n' "$source" >"$stamp"
}

# add_commit <parent> <entry> <new file>...: prints the new commit
add_commit()
{
	local parent=$1 entry=$2 f mode blob result
	local -x GIT_INDEX_FILE=$repo/.git/assemble.index

	shift 2
	g read-tree "$parent"
	diff_of "$entry" >"$repo/.git/assemble.diff"
	if [ -s "$repo/.git/assemble.diff" ]; then
		g apply --cached --verbose "$repo/.git/assemble.diff" \
			2>"$repo/.git/assemble.log" || {
			grep -v '^Checking patch' "$repo/.git/assemble.log" >&2
			die "patches/$entry does not apply to $base" \
				"above is the hunk that was not found"
		}
	fi
	for f in "$@"; do
		! g cat-file -e "$parent:$f" 2>/dev/null ||
			die "$f is a file of the base: change it by a patch"
		mode=100644
		[ ! -x "$top/$f" ] || mode=100755
		blob=$(g hash-object -w "$top/$f")
		g update-index --add --cacheinfo "$mode,$blob,$f"
	done
	result=$(g write-tree)
	[ "$result" != "$(g rev-parse "$parent^{tree}")" ] ||
		msg "patches/$entry changes nothing in $base yet"
	message_of "$entry" | g commit-tree -p "$parent" "$result"
}

assemble()
{
	local parent key i files
	local -a words

	parent=$(g rev-parse base)
	key=$parent
	for i in "${!entries[@]}"; do
		# shellcheck disable=SC2086 # patterns, for git to expand
		files=$(set -f && files_of ${new_files[i]})
		mapfile -t words <<<"$files"
		[ -n "$files" ] || words=()
		key=$({
			echo "$key"
			message_of "${entries[i]}"
			diff_of "${entries[i]}"
			for f in "${words[@]}"; do
				stat -c '%n %A' "$top/$f"
				cat "$top/$f"
			done
		} | sha256sum | cut -d ' ' -f 1)
		if ! g rev-parse -q --verify "refs/assembled/$key" >/dev/null
		then
			parent=$(add_commit "$parent" "${entries[i]}" "${words[@]}")
			g update-ref "refs/assembled/$key" "$parent"
			msg "assembled ${entries[i]}"
		fi
		parent=$(g rev-parse "refs/assembled/$key")
		[ "${postings[i]}" != cleanup ] || cleanup_head=$parent
	done
	series_head=$parent
}

# $whole is there while the work tree is what its HEAD says: an interrupted
# checkout must not be taken for a finished one, nor for someone's changes. It
# names the commit that was assembled or exported last.
whole=$base_dir/.series-whole

# commits_of <commit>: what makes them, but for author and time
commits_of()
{
	g log --format='%T %B' "base..$1"
}

# can_replace <commit>: does patches/ have all of it?
can_replace()
{
	[ "$1" = "$(cat "$whole")" ] ||
		[ -n "$(g for-each-ref --points-at "$1" refs/assembled)" ] ||
		[ "$(commits_of "$1")" = "$(commits_of "$series_head")" ]
}

check_out()
{
	local head

	if [ ! -e "$whole" ] || [ ! -e "$tree/.git" ]; then
		msg "checking out the series tree"
		git -C "$tree" checkout -q -f --detach "$series_head" \
			2>/dev/null || {
			rm -rf "$tree"
			g worktree prune
			g worktree add -q -f --detach "$tree" "$series_head"
		}
		echo "$series_head" >"$whole"
		return
	fi
	head=$(git -C "$tree" rev-parse HEAD)
	if [ "$head" = "$series_head" ]; then
		echo "$series_head" >"$whole"
		return
	fi
	git -C "$tree" diff --quiet HEAD ||
		die "${tree#"$top"/} has changes that are in no patch" \
			"commit them there and run 'make export', or" \
			"throw them away: git -C ${tree#"$top"/} reset --hard"
	can_replace "$head" ||
		die "${tree#"$top"/} has commits that are in no patch" \
			"run 'make export BASE=$base', or throw them away:" \
			"rm ${whole#"$top"/}"
	rm "$whole"
	git -C "$tree" checkout -q --detach "$series_head"
	echo "$series_head" >"$whole"
}

# check_out_cleanup: the tree is a product, so that changes in it are not kept
check_out_cleanup()
{
	[ -n "${cleanup_head:-}" ] ||
		die "patches/series has no entry of the series 'cleanup' for $base"
	git -C "$tree" checkout -q -f --detach "$cleanup_head" 2>/dev/null || {
		rm -rf "$tree"
		g worktree prune
		g worktree add -q -f --detach "$tree" "$cleanup_head"
	}
}

# One at a time: two runs would share the index that the commits are made in.
mkdir -p "$out"
exec 9>"$out/.tree-$base.lock"
flock 9

# a wrong line must not cost the unpacking of a tree
[ "$name" = stock ] || read_series
unpack_base
[ "$name" != stock ] || exit 0
assemble
if [ "$name" = cleanup ]; then
	check_out_cleanup
else
	check_out
fi
