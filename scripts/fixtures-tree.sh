#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prove tree.sh and export.sh, on two tiny bases and a series of two entries, in
# a repo of their own: nothing that was changed in the tree gets lost, and what is
# wrong is refused. As TAP.
set -euo pipefail

src=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
repo=$work/repo
unset KSRC OUT BASE

as_us()
{
	git -c user.name=nvme-mpath -c user.email=nvme-mpath@localhost "$@"
}

# base <name> <a line that only this base has>
base()
{
	local dir=$work/linux-$1/drivers/nvme/host

	mkdir -p "$dir"
	printf 'VERSION = %s\nPATCHLEVEL = %s\n' "${1%.*}" "${1#*.}" \
		>"$work/linux-$1/Makefile"
	printf 'one\ntwo\nthree\n%s\nfour\nfive\nsix\n' "$2" >"$dir/multipath.c"
	printf 'alpha\nbeta\ngamma\n' >"$dir/core.c"
	echo "package=none" >"$repo/bases/$1"
}

make_repo()
{
	rm -rf "$repo" "$work"/linux-*
	mkdir -p "$repo"/{bases,patches/{cover,first,second},drivers}
	cp -r "$src/scripts" "$repo/"
	base 1.0 "old"
	base 2.0 "new"
	printf '/out/\n' >"$repo/.gitignore"
	printf 'subject\n\ntext\n' >"$repo/patches/cover/fixes"
	printf 'nvme: first\n\nFor all.\n\n[1.0: Only there.]\n' \
		>"$repo/patches/first/message"
	printf 'nvme: second\n\nFor all.\n' >"$repo/patches/second/message"
	cat >"$repo/patches/first/diff" <<-'EOF'
		diff --git a/drivers/nvme/host/core.c b/drivers/nvme/host/core.c
		--- a/drivers/nvme/host/core.c
		+++ b/drivers/nvme/host/core.c
		@@ -1,3 +1,4 @@
		 alpha
		 beta
		+beta and a half
		 gamma
	EOF
	echo "new file" >"$repo/drivers/new.c"
	printf 'first\tfixes\tall\nsecond\tfixes\tall\tdrivers/new.c\n' \
		>"$repo/patches/series"
	as_us -C "$repo" init -q
	as_us -C "$repo" add -A
	as_us -C "$repo" commit -qm start
}

# assemble <base>; export_tree <base>
assemble()
{
	KSRC=$work/linux-$1 "$repo/scripts/tree.sh" "$1" series
}

export_tree()
{
	"$repo/scripts/export.sh" "$1"
}

tree()
{
	echo "$repo/out/$1/series"
}

# amend <base> <n commits back> <file> <sed script>
amend()
{
	local dir rest
	dir=$(tree "$1")
	rest=$(git -C "$dir" rev-list --reverse "HEAD~$2..HEAD")
	git -C "$dir" checkout -q --detach "HEAD~$2"
	sed -i "$4" "$dir/$3"
	as_us -C "$dir" commit -qa --amend --no-edit
	# shellcheck disable=SC2086 # commits
	[ -z "$rest" ] || as_us -C "$dir" cherry-pick $rest >/dev/null
}

clean()
{
	[ -z "$(git -C "$repo" status --porcelain)" ]
}

# refused <words of the message> <command>...: exits with 2, and says why
refused()
{
	local words=$1 code=0

	shift
	"$@" >"$work/log" 2>&1 || code=$?
	[ "$code" -eq 2 ] && grep -q "$words" "$work/log"
}

both()
{
	assemble 1.0 && assemble 2.0
}

no_change_round_trip()
{
	both && export_tree 1.0 && export_tree 2.0 && clean
}

base_paragraph()
{
	both && git -C "$(tree 1.0)" log --format=%B | grep 'Only there' >/dev/null &&
		! git -C "$(tree 2.0)" log --format=%B | grep 'Only there' >/dev/null
}

amended_new_file_comes_back()
{
	assemble 1.0 && amend 1.0 0 drivers/new.c 's/file/text/' &&
		export_tree 1.0 && grep -q 'new text' "$repo/drivers/new.c" &&
		assemble 1.0
}

both_new_files_changed()
{
	assemble 1.0 && amend 1.0 0 drivers/new.c 's/file/text/' &&
		echo "another" >"$repo/drivers/new.c" &&
		refused 'and in the repo' export_tree 1.0
}

repo_file_changed()
{
	assemble 1.0 && echo "another" >"$repo/drivers/new.c" &&
		export_tree 1.0 && grep -q another "$repo/drivers/new.c"
}

tree_keeps_commits()
{
	assemble 1.0 && amend 1.0 1 drivers/nvme/host/core.c 's/half/third/' &&
		refused 'commits that are in no patch' assemble 1.0
}

shared_hunk_amended()
{
	both && amend 1.0 1 drivers/nvme/host/core.c 's/half/third/' &&
		export_tree 1.0 && grep -q third "$repo/patches/first/1.0.diff" &&
		grep -q half "$repo/patches/first/2.0.diff" &&
		[ ! -e "$repo/patches/first/diff" ] && both &&
		amend 2.0 1 drivers/nvme/host/core.c 's/half/third/' &&
		export_tree 2.0 && grep -q third "$repo/patches/first/diff" &&
		[ ! -e "$repo/patches/first/1.0.diff" ] &&
		[ ! -e "$repo/patches/first/2.0.diff" ] && both
}

message_amended()
{
	local dir

	assemble 1.0
	dir=$(tree 1.0)
	as_us -C "$dir" commit -q --amend -m "nvme: second" -m "For some."
	export_tree 1.0 && grep -q 'For some' "$repo/patches/second/message"
}

message_with_base_paragraph_amended()
{
	local dir last

	assemble 1.0
	dir=$(tree 1.0)
	last=$(git -C "$dir" rev-parse HEAD)
	git -C "$dir" checkout -q --detach HEAD~1
	as_us -C "$dir" commit -q --amend -m "nvme: first" -m "Other."
	as_us -C "$dir" cherry-pick "$last" >/dev/null
	refused 'paragraph for one base' export_tree 1.0
}

new_commit_without_entry()
{
	assemble 1.0
	sed -i 's/alpha/omega/' "$(tree 1.0)/drivers/nvme/host/core.c"
	as_us -C "$(tree 1.0)" commit -qam "nvme: third"
	refused 'no entry: nvme: third' export_tree 1.0
}

# wrong_line <line> <words>
wrong_line()
{
	printf '%b\n' "$1" >>"$repo/patches/series"
	refused "$2" assemble 1.0
}

# start_port: a base whose file has changed where the first entry changes it
start_port()
{
	base 3.0 "newer"
	sed -i 's/^beta$/BETA/' "$work/linux-3.0/drivers/nvme/host/core.c"
	assemble 1.0
	KSRC=$work/linux-3.0 "$repo/scripts/tree.sh" 3.0 stock
}

port()
{
	(unset KSRC && "$repo/scripts/port.sh" 1.0 3.0)
}

port_conflict()
{
	local dir

	start_port && refused "does not fit 3.0" port
	dir=$(tree 3.0)
	grep -q '<<<<<<<' "$dir/drivers/nvme/host/core.c"
	printf 'alpha\nBETA\nbeta and a half\ngamma\n' \
		>"$dir/drivers/nvme/host/core.c"
	refused 'is not resolved' port
	git -C "$dir" add -u
	as_us -C "$dir" -c core.editor=true cherry-pick --continue
	port && [ "$(git -C "$dir" rev-list --count base..HEAD)" -eq 2 ] &&
		export_tree 3.0 && [ -e "$repo/patches/first/3.0.diff" ] &&
		assemble 3.0 && assemble 1.0
}

n=0 failed=0
# fixture <description> <function> [<argument>...]
fixture()
{
	local what=$1

	shift
	make_repo
	n=$((n + 1))
	if ("$@") >"$work/out" 2>&1; then
		echo "ok $n - $what"
	else
		failed=$((failed + 1))
		echo "not ok $n - $what"
		sed 's/^/#   /' "$work/out" "$work/log" 2>/dev/null || true
	fi
}

echo "TAP version 13"
fixture "export without a change leaves the repo as it was" no_change_round_trip
fixture "a paragraph for one base is in no other" base_paragraph
fixture "a new file amended in the tree comes back" amended_new_file_comes_back
fixture "a new file changed on both sides is refused" both_new_files_changed
fixture "a new file changed in the repo stays" repo_file_changed
fixture "make tree does not throw commits away" tree_keeps_commits
fixture "a shared diff is split, and joined again" shared_hunk_amended
fixture "an amended message is written back" message_amended
fixture "one with a paragraph for a base is refused" \
	message_with_base_paragraph_amended
fixture "a commit without an entry is refused" new_commit_without_entry
fixture "an entry without a message is refused" \
	wrong_line 'third\tfixes\t9.9' "no patches/third/message"
fixture "an unknown series is refused" \
	wrong_line 'second\tnothing\tall' "no patches/cover/nothing"
fixture "an unknown base of an entry is refused" \
	wrong_line 'second\tfixes\t9.9' "unknown base '9.9'"
fixture "a missing file is refused" \
	wrong_line 'second\tfixes\tall\tdrivers/gone.c' 'drivers/gone.c is not there'
fixture "a line without bases is refused" \
	wrong_line 'second\tfixes' 'columns are missing'
fixture "port stops at a conflict, and goes on after it" port_conflict
echo "1..$n"
[ "$failed" -eq 0 ]
