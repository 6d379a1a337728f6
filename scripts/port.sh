#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Start the series on a new base: merge the commits that it has on another base,
# one after the other, into out/<base>/series. A conflict stops it with markers in
# the tree; the same command goes on from there.
#
# Usage: port.sh <from> <base>
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"

from=${1:-}
to=${2:-}
[ -n "$from" ] || die "no base given to start from" "make port FROM=7.3 BASE=x"
load_base "$to"
to_dir=$base_dir
load_base "$from"
from_dir=$base_dir
[ "$from" != "$to" ] || die "FROM and BASE are both $to" \
	"describe the new base in bases/, then make port FROM=$from BASE=x"
"$top/scripts/tree.sh" "$from" series
"$top/scripts/tree.sh" "$to" stock
read_series

tree=$to_dir/series
whole=$to_dir/.series-whole

g()
{
	git -C "$tree" -c user.name=nvme-mpath \
		-c user.email=nvme-mpath@localhost "$@"
}

# start: an empty series on the new base, which sees the objects of the other one
start()
{
	echo "$from_dir/stock/.git/objects" \
		>"$to_dir/stock/.git/objects/info/alternates"
	[ ! -e "$tree/.git" ] || return 0
	git -C "$to_dir/stock" worktree prune
	git -C "$to_dir/stock" worktree add -q --detach "$tree" base
	git -C "$tree" rev-parse HEAD >"$whole"
}

# conflict <subject>
conflict()
{
	git -C "$tree" diff --name-only --diff-filter=U | sed 's/^/    /' >&2
	die "'$1' does not fit $to: above are the files with conflicts" \
		"resolve them in ${tree#"$top"/}, and git add them" \
		"git cherry-pick --continue, or --skip if $to has it already" \
		"then run this command again"
}

start
[ ! -e "$(git -C "$tree" rev-parse --absolute-git-dir)/CHERRY_PICK_HEAD" ] ||
	die "a conflict in ${tree#"$top"/} is not resolved" \
		"git add the files, and git cherry-pick --continue"
mapfile -t commits < <(git -C "$from_dir/series" rev-list --reverse base..HEAD)
for c in "${commits[@]}"; do
	subject=$(g log -1 --format=%s "$c")
	# done before, or skipped: the last one picked is remembered by its subject
	! git -C "$tree" log --format=%s base..HEAD | grep -xF "$subject" \
		>/dev/null || continue
	! grep -qxF "$subject" "$to_dir/port.done" 2>/dev/null || continue
	echo "$subject" >>"$to_dir/port.done"
	g cherry-pick "$c" >"$to_dir/port.log" 2>&1 || conflict "$subject"
	msg "merged $subject"
done
rm -f "$to_dir/port.done"
msg "the series is on $to: build it, then make export BASE=$to"
msg "in patches/series, entries for all bases are for $to now; name it in the lists of others that it needs"
