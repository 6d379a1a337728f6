#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prove tree.sh and export.sh, on two tiny bases and a series of two entries, in
# a repo of their own: nothing that was changed in the tree gets lost, and what is
# wrong is refused. As TAP.
#
# Usage: fixtures-tree.sh [<words>]: only those with these words in their name
set -euo pipefail

only=${1:-}
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
	rm -rf "$repo" "$work"/{linux-*,log}
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

# absent <pattern> <file or directory>
absent()
{
	if grep -r "$1" "$2"; then
		return 1
	fi
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

# third: an entry of that name, with no diff as yet
third()
{
	mkdir "$repo/patches/third"
	printf 'nvme: third\n\nFor all.\n' >"$repo/patches/third/message"
	printf 'third\tfixes\tall\n' >>"$repo/patches/series"
}

new_file_made_executable()
{
	assemble 1.0 && chmod +x "$(tree 1.0)/drivers/new.c" &&
		as_us -C "$(tree 1.0)" commit -qa --amend --no-edit &&
		export_tree 1.0 && [ -x "$repo/drivers/new.c" ] && assemble 1.0
}

new_file_removed_in_tree()
{
	assemble 1.0 && third
	git -C "$(tree 1.0)" rm -q drivers/new.c
	as_us -C "$(tree 1.0)" commit -qm "nvme: third" -m "For all."
	refused 'was removed in' export_tree 1.0 && [ -s "$repo/drivers/new.c" ]
}

new_file_of_the_tree()
{
	assemble 1.0 && echo "x" >"$(tree 1.0)/drivers/other.c" &&
		git -C "$(tree 1.0)" add drivers/other.c &&
		as_us -C "$(tree 1.0)" commit -q --amend --no-edit &&
		refused 'other.c is new in' export_tree 1.0 &&
		cp "$(tree 1.0)/drivers/other.c" "$repo/drivers" &&
		refused 'other.c is new in' export_tree 1.0 &&
		sed -i 's,drivers/new.c,& drivers/other.c,' "$repo/patches/series" &&
		export_tree 1.0 && assemble 1.0 &&
		[ -e "$(tree 1.0)/drivers/other.c" ]
}

new_file_of_the_repo()
{
	assemble 1.0
	echo "x" >"$repo/drivers/other.c"
	sed -i 's,drivers/new.c,& drivers/other.c,' "$repo/patches/series"
	amend 1.0 1 drivers/nvme/host/core.c 's/half/third/'
	export_tree 1.0
	assemble 1.0
	[ -e "$(tree 1.0)/drivers/other.c" ]
}

# forget <base>: what was assembled is not known, as after a checkout by hand
forget()
{
	rm "$repo/out/$1/.series-whole"
	touch "$repo/out/$1/.series-whole"
}

amended_new_file_of_unknown_origin()
{
	assemble 1.0 && amend 1.0 0 drivers/new.c 's/file/text/' && forget 1.0 &&
		refused 'and in the repo' export_tree 1.0 &&
		refused 'commits that are in no patch' assemble 1.0
}

# Commits that were rebased in a work tree of their own, when the repo was older.
rebased_elsewhere()
{
	local other=$work/other commit

	rm -rf "$other"
	assemble 1.0
	commit=$(git -C "$(tree 1.0)" rev-parse HEAD)
	git -C "$(tree 1.0)" worktree add -q --detach "$other" HEAD~1
	sed -i 's/half/third/' "$other/drivers/nvme/host/core.c"
	as_us -C "$other" commit -qa --amend --no-edit
	as_us -C "$other" cherry-pick "$commit" >/dev/null
	echo "newer" >"$repo/drivers/new.c"
	assemble 1.0
	git -C "$(tree 1.0)" checkout -q -f --detach \
		"$(git -C "$other" rev-parse HEAD)"
	[ "$1" = known ] || forget 1.0
	touch "$repo/out/1.0/.series-whole"
	export_tree 1.0 && grep -q newer "$repo/drivers/new.c" &&
		grep -q third "$repo/patches/first/1.0.diff" && assemble 1.0 &&
		grep -q newer "$(tree 1.0)/drivers/new.c"
}

tree_keeps_messages()
{
	assemble 1.0 &&
		as_us -C "$(tree 1.0)" commit -q --amend -m "nvme: second" -m "Some." &&
		refused 'commits that are in no patch' assemble 1.0
}

# No export is needed of what patches/ gives as well, or gave before.
tree_replaces_what_is_known()
{
	assemble 1.0 && echo "another" >"$repo/drivers/new.c" &&
		echo "another" >"$(tree 1.0)/drivers/new.c" &&
		as_us -C "$(tree 1.0)" commit -qa --amend --no-edit \
			--date=2020-01-01T00:00:00Z && assemble 1.0 && forget 1.0 &&
		echo "third" >"$repo/drivers/new.c" && assemble 1.0 &&
		grep -q third "$(tree 1.0)/drivers/new.c"
}

tree_comes_back()
{
	assemble 1.0 && rm -rf "$(tree 1.0)" && assemble 1.0 &&
		[ -e "$(tree 1.0)/drivers/new.c" ]
}

reordered_commits()
{
	local dir last first

	printf 'nvme: first\n\nFor all.\n' >"$repo/patches/first/message"
	assemble 1.0
	dir=$(tree 1.0)
	last=$(git -C "$dir" rev-parse HEAD)
	first=$(git -C "$dir" rev-parse HEAD~1)
	git -C "$dir" checkout -q --detach base
	as_us -C "$dir" cherry-pick "$last" "$first" >/dev/null
	refused 'is commit 1 of the tree, but not entry 1' export_tree 1.0 &&
		printf 'second\tfixes\tall\tdrivers/new.c\nfirst\tfixes\tall\n' \
			>"$repo/patches/series" &&
		export_tree 1.0 && assemble 1.0 &&
		grep -q first "$repo/patches/first/message"
}

new_subject()
{
	assemble 1.0 && as_us -C "$(tree 1.0)" commit -q --amend \
		-m "nvme: another" -m "For all." && export_tree 1.0 &&
		grep -q 'nvme: another' "$repo/patches/second/message"
}

callers_taste_in_diffs()
{
	local dir

	assemble 1.0
	dir=$(tree 1.0)
	git -C "$dir" config diff.noprefix true
	git -C "$dir" config color.ui always
	git -C "$dir" config diff.external false
	git -C "$dir" config diff.context 0
	amend 1.0 1 drivers/nvme/host/core.c 's/half/third/'
	export_tree 1.0 && assemble 1.0 &&
		grep -q '^diff --git a/' "$repo/patches/first/1.0.diff" &&
		[ "$(grep -c '^ ' "$repo/patches/first/1.0.diff")" -eq 3 ]
}

message_edited_in_the_repo()
{
	assemble 1.0
	sed -i 's/^For all/More for all/' "$repo"/patches/*/message
	amend 1.0 1 drivers/nvme/host/core.c 's/half/third/'
	export_tree 1.0
	grep -q More "$repo/patches/first/message"
	grep -q More "$repo/patches/second/message"
	assemble 1.0
	as_us -C "$(tree 1.0)" commit -q --amend -m "nvme: second" -m "Other."
	echo "Yet more." >>"$repo/patches/second/message"
	refused 'in patches/second' export_tree 1.0
	grep -q 'Yet more' "$repo/patches/second/message"
}

# of_third <line>: an entry that adds it to another file, in a tree that does
of_third()
{
	local f=drivers/nvme/host/multipath.c

	[ -e "$repo/patches/third" ] || third
	printf '%s\n' "diff --git a/$f b/$f" "--- a/$f" "+++ b/$f" \
		'@@ -1,3 +1,4 @@' ' one' "+$1" ' two' ' three' \
		>"$repo/patches/third/diff"
}

diff_edited_in_the_repo()
{
	of_third "in the tree"
	assemble 1.0
	of_third "in the repo"
	amend 1.0 2 drivers/nvme/host/core.c 's/half/third/'
	amend 1.0 2 drivers/nvme/host/multipath.c 's/six/SIX/'
	export_tree 1.0
	grep -q 'in the repo' "$repo/patches/third/diff"
	grep -q 'SIX' "$repo/patches/first/1.0.diff"
	assemble 1.0
	grep -q 'in the repo' "$(tree 1.0)/drivers/nvme/host/multipath.c"
}

diff_edited_on_both_sides()
{
	of_third "in the tree"
	assemble 1.0
	of_third "in the repo"
	amend 1.0 0 drivers/nvme/host/multipath.c 's/in the tree/elsewhere/'
	refused 'and in patches/third' export_tree 1.0
	grep -q 'in the repo' "$repo/patches/third/diff"
}

# A file that only patches/ changes as yet, and one that the tree does not any more.
hunks_come_and_go()
{
	local dir third=$repo/patches/third

	of_third "in the tree"
	assemble 1.0
	dir=$(tree 1.0)/drivers/nvme/host
	sed -i 's/gamma/GAMMA/' "$dir/core.c"
	amend 1.0 0 drivers/nvme/host/multipath.c '/in the tree/d'
	export_tree 1.0
	absent 'in the tree' "$third/1.0.diff"
	grep -q 'in the tree' "$third/2.0.diff"
	[ ! -e "$third/diff" ]
	assemble 1.0
	cat "$third/2.0.diff" >>"$third/1.0.diff"
	amend 1.0 2 drivers/nvme/host/multipath.c 's/six/SIX/'
	export_tree 1.0
	grep -q 'in the tree' "$third/1.0.diff"
	assemble 1.0
	grep -q 'in the tree' "$dir/multipath.c"
	amend 1.0 0 drivers/nvme/host/multipath.c '/in the tree/d'
	export_tree 1.0
	absent 'in the tree' "$third/1.0.diff"
	assemble 1.0
}

# hunk <diff> <lines, for printf>: of core.c
hunk()
{
	local f=drivers/nvme/host/core.c

	printf '%s\n' "diff --git a/$f b/$f" "--- a/$f" "+++ b/$f" >"$1"
	printf '%b' "$2" >>"$1"
}

# That 1.0 can take the diff of 3.0 says nothing of 2.0, where it does not apply.
diff_not_joined_that_another_base_cannot_take()
{
	local first=$repo/patches/first b

	base 3.0 "newest"
	sed -i 's/alpha/ALPHA/' "$work/linux-2.0/drivers/nvme/host/core.c"
	rm "$first/diff"
	hunk "$first/1.0.diff" '@@ -2,2 +2,3 @@\n beta\n+beta and a third\n gamma\n'
	hunk "$first/2.0.diff" '@@ -2,2 +2,3 @@\n beta\n+beta and a half\n gamma\n'
	hunk "$first/3.0.diff" \
		'@@ -1,3 +1,4 @@\n alpha\n beta\n+beta and a half\n gamma\n'
	assemble 1.0 && amend 1.0 1 drivers/nvme/host/core.c 's/third/half/' &&
		export_tree 1.0 || return
	for b in 1.0 2.0 3.0; do
		assemble "$b" || return
	done
}

not_adjacent()
{
	third
	echo "text" >"$repo/patches/cover/other"
	sed -i '/^second/s/fixes/other/' "$repo/patches/series"
	refused "of series 'fixes' are not adjacent" assemble 1.0
}

# wrong_diff <name of a diff> <words>
wrong_diff()
{
	cp "$repo/patches/first/diff" "$repo/patches/first/$1"
	refused "$2" assemble 1.0 && [ ! -e "$repo/out/1.0/stock" ]
}

# wrong_paragraph <paragraph> <words>
wrong_paragraph()
{
	printf '\n%s\n' "$1" >>"$repo/patches/first/message"
	refused "$2" assemble 1.0
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

# On the other base, make tree has a commit for it, to be amended.
new_commit_with_entry()
{
	assemble 1.0
	third
	sed -i 's/alpha/omega/' "$(tree 1.0)/drivers/nvme/host/core.c"
	as_us -C "$(tree 1.0)" commit -qam "nvme: third" -m "For all."
	export_tree 1.0
	grep -q omega "$repo/patches/third/1.0.diff"
	assemble 1.0
	assemble 2.0 2>&1 | tee "$work/log"
	grep -q 'third changes nothing in 2.0 yet' "$work/log"
	KSRC=$work/linux-2.0 refused 'third changes nothing in 2.0' \
		"$repo/scripts/series.sh" 2.0
	amend 2.0 0 drivers/nvme/host/core.c 's/alpha/omega/'
	export_tree 2.0
	grep -q omega "$repo/patches/third/diff"
	[ ! -e "$repo/patches/third/1.0.diff" ]
	assemble 2.0
	KSRC=$work/linux-2.0 "$repo/scripts/series.sh" 2.0
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

# two_series: fixes and other, with a cover each
two_series()
{
	printf 'R&D: \\1\n\nOn @BASE@.\n\n[1.0: Only there.]\n\n[2.0: Nor here.]\n\nchange-id: x\n' \
		>"$repo/patches/cover/other"
	sed -i '/^second/s/fixes/other/' "$repo/patches/series"
	assemble 1.0
}

mails()
{
	KSRC=$work/linux-1.0 "$repo/scripts/series.sh" 1.0
}

series_of_mails()
{
	local mail=$repo/out/1.0/mail cover

	two_series && mails
	cover=$mail/2-other/0000-cover-letter.patch
	[ "$(cd "$mail" && echo */0*)" = "1-fixes/0000-cover-letter.patch \
1-fixes/0001-nvme-first.patch 2-other/0000-cover-letter.patch \
2-other/0001-nvme-second.patch" ]
	grep -qxF 'Subject: [PATCH 0/1] R&D: \1' "$cover"
	grep -qx 'On 1.0.' "$cover"
	grep -q 'Only there' "$cover"
	absent 'Nor here' "$cover"
	grep -qx 'change-id: x' "$cover"
	grep -qx "base-commit: $(git -C "$(tree 1.0)" rev-parse base)" "$cover"
	grep -q '^prerequisite-patch-id: ' "$cover"
	absent '^prerequisite-patch-id: ' "$mail/1-fixes/0000-cover-letter.patch"
	grep -q '^In-Reply-To: ' "$mail/2-other/0001-nvme-second.patch"
	absent 'Signed-off-by' "$mail"
}

# git am takes the CR away.
mails_that_differ_are_refused()
{
	printf 'line\r\n' >"$repo/drivers/new.c"
	two_series
	refused 'of series other do not give the tree' mails
}

signed_mails()
{
	git -C "$repo" config user.name "A Sender"
	git -C "$repo" config user.email sender@example.org
	two_series && SIGNOFF=1 mails
	grep -qx 'From: A Sender <sender@example.org>' \
		"$repo"/out/1.0/mail/1-fixes/0001-*
	grep -qx 'Signed-off-by: A Sender <sender@example.org>' \
		"$repo"/out/1.0/mail/1-fixes/0001-*
}

# apply <series>: to a tree of the caller
apply()
{
	KSRC=$work/linux-1.0 "$repo/scripts/apply.sh" "$work/linux-1.0" "$1"
}

apply_up_to()
{
	two_series && refused "there is no series 'none' for 1.0" apply none &&
		apply fixes
	grep -q half "$work/linux-1.0/drivers/nvme/host/core.c"
	[ ! -e "$work/linux-1.0/drivers/new.c" ]
}

apply_all()
{
	two_series && apply ''
	[ -e "$work/linux-1.0/drivers/new.c" ]
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

# resolve: the conflict of the first entry
resolve()
{
	local dir

	dir=$(tree 3.0)
	printf 'alpha\nBETA\nbeta and a half\ngamma\n' \
		>"$dir/drivers/nvme/host/core.c"
	git -C "$dir" add -u
	as_us -C "$dir" -c core.editor=true cherry-pick --continue
}

port_conflict()
{
	start_port
	refused "does not fit 3.0" port
	grep -q '<<<<<<<' "$(tree 3.0)/drivers/nvme/host/core.c"
	refused 'is not resolved' port
	resolve
	port
	# nothing is left to do
	port
	[ "$(git -C "$(tree 3.0)" rev-list --count base..HEAD)" -eq 2 ]
	export_tree 3.0
	[ -e "$repo/patches/first/3.0.diff" ]
	assemble 3.0
	assemble 1.0
}

# What was skipped, or given up by --abort, is said at the end.
port_skips()
{
	start_port
	refused "does not fit 3.0" port
	git -C "$(tree 3.0)" cherry-pick --abort
	port 2>"$work/log"
	grep -q "not on 3.0: 'nvme: first'" "$work/log"
	grep -q 'the bases of first become 1.0,2.0$' "$work/log"
	absent 'bases of second' "$work/log"
	refused 'no commit: first' export_tree 3.0
	sed -i 's/^first\tfixes\tall/first\tfixes\t1.0,2.0/' "$repo/patches/series"
	export_tree 3.0
	assemble 3.0
	assemble 1.0
}

port_names_lists()
{
	sed -i '/^second/s/all/1.0/' "$repo/patches/series"
	start_port
	refused "does not fit 3.0" port
	resolve
	port 2>"$work/log"
	grep -q 'the bases of second become 1.0,3.0$' "$work/log"
}

# The tree of the old base may go, and the sources of the new one may be given.
port_stands_alone()
{
	local code=0

	start_port
	rm -rf "$repo/out/3.0"
	KSRC=$work/linux-3.0 "$repo/scripts/port.sh" 1.0 3.0 || code=$?
	[ "$code" -eq 2 ]
	resolve
	port
	rm -rf "$repo/out/1.0"
	git -C "$(tree 3.0)" fsck --strict
	export_tree 3.0
	assemble 3.0
	git -C "$(tree 3.0)" fsck --strict
}

n=0 failed=0
# fixture <description> <function> [<argument>...]
fixture()
{
	local what=$1 code

	[[ $what == *"$only"* ]] || return 0
	shift
	make_repo
	n=$((n + 1))
	# in a condition a command that fails would not end the fixture
	set +e
	(set -e && "$@") >"$work/out" 2>&1
	code=$?
	set -e
	if [ "$code" -eq 0 ]; then
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
fixture "a new file made executable in the tree is so here" \
	new_file_made_executable
fixture "a new file removed in the tree is refused" new_file_removed_in_tree
fixture "a new file of the tree is refused until it is in the repo, and named" \
	new_file_of_the_tree
fixture "a new file that only the repo has as yet enters" new_file_of_the_repo
fixture "an amended new file of unknown origin is refused" \
	amended_new_file_of_unknown_origin
fixture "commits rebased elsewhere bring no old new file" rebased_elsewhere known
fixture "nor do they if nothing is known of the tree" rebased_elsewhere unknown
fixture "make tree does not throw commits away" tree_keeps_commits
fixture "nor messages" tree_keeps_messages
fixture "make tree replaces what patches/ has as well" tree_replaces_what_is_known
fixture "a tree that was removed comes back" tree_comes_back
fixture "a shared diff is split, and joined again" shared_hunk_amended
fixture "no diff is joined that another base cannot take" \
	diff_not_joined_that_another_base_cannot_take
fixture "a diff is written as git writes it without a configuration" \
	callers_taste_in_diffs
fixture "an amended message is written back" message_amended
fixture "so is an amended subject" new_subject
fixture "a message edited in the repo stays" message_edited_in_the_repo
fixture "a diff edited in the repo stays" diff_edited_in_the_repo
fixture "a diff changed on both sides is refused" diff_edited_on_both_sides
fixture "a hunk that is new in the repo stays, one removed in the tree goes" \
	hunks_come_and_go
fixture "one with a paragraph for a base is refused" \
	message_with_base_paragraph_amended
fixture "a commit without an entry is refused" new_commit_without_entry
fixture "one with an entry is exported; a base it does nothing for is not mailed" \
	new_commit_with_entry
fixture "another order of commits is refused, until the lines have it" \
	reordered_commits
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
fixture "an entry in two lines is refused" \
	wrong_line 'second\tfixes\tall' 'is in two lines for 1.0'
fixture "entries of one series that are not adjacent are refused" \
	not_adjacent
fixture "a file in both diffs is refused" wrong_diff 1.0.diff 'both have'
fixture "a diff for a base the entry is not for is refused" \
	wrong_diff 9.9.diff 'the entry is not for 9.9'
fixture "a paragraph for an unknown base is refused" \
	wrong_paragraph '[1.1: No.]' 'is for an unknown base'
fixture "a paragraph for a base without an end is refused" \
	wrong_paragraph '[1.0: No.] More.' 'has to end with ]'
fixture "each series is mailed on its own, on top of the ones before" \
	series_of_mails
fixture "mails that do not give the tested tree are refused" \
	mails_that_differ_are_refused
fixture "SIGNOFF=1 sends and signs as the caller" signed_mails
fixture "the mails apply up to a series" apply_up_to
fixture "the mails apply" apply_all
fixture "port stops at a conflict, and goes on after it" port_conflict
fixture "port tells what is not on the new base" port_skips
fixture "port tells which lists of bases need the new one" port_names_lists
fixture "a port needs neither KSRC of the old base nor, in the end, its tree" \
	port_stands_alone
echo "1..$n"
[ "$n" -gt 0 ] || { echo "Bail out! no fixture has '$only' in its name" && exit 2; }
[ "$failed" -eq 0 ]
