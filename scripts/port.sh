#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Start the series on a new base: merge the commits that it has on another base,
# one after the other, into out/<base>/series. A conflict stops it with markers in
# the tree; the same command goes on from there. KSRC=/path is the new base.
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
KSRC='' "$top/scripts/tree.sh" "$from" series
"$top/scripts/tree.sh" "$to" stock
read_series

tree=$to_dir/series
whole=$to_dir/.series-whole
# the subjects of commits that had a conflict: they are resolved, or skipped
stopped=$to_dir/port.stopped
objects=$to_dir/stock/.git/objects
borrowed=$from_dir/stock/.git/objects

g()
{
	git -C "$tree" -c user.name=nvme-mpath \
		-c user.email=nvme-mpath@localhost \
		-c commit.gpgSign=false "$@"
}

# start: an empty series on the new base, which sees the objects of the other one
start()
{
	grep -qxF -- "$borrowed" "$objects/info/alternates" 2>/dev/null ||
		echo "$borrowed" >>"$objects/info/alternates"
	[ ! -e "$tree/.git" ] || return 0
	git -C "$to_dir/stock" worktree prune
	git -C "$to_dir/stock" worktree add -q --detach "$tree" base
	git -C "$tree" rev-parse HEAD >"$whole"
	rm -f "$stopped"
}

# own_objects: from now on the new base can do without the other one
own_objects()
{
	local rest

	g rev-list --objects --all HEAD --not base |
		g pack-objects -q "$objects/pack/pack" >/dev/null
	rest=$(grep -vxF -- "$borrowed" "$objects/info/alternates") || true
	if [ -n "$rest" ]; then
		echo "$rest" >"$objects/info/alternates"
	else
		rm "$objects/info/alternates"
	fi
	g rev-list --objects --all HEAD --not base >/dev/null ||
		die "objects are missing in ${to_dir#"$top"/}/stock" \
			"keep ${from_dir#"$top"/}, and run this command again"
}

# conflict <subject>
conflict()
{
	echo "$1" >>"$stopped"
	git -C "$tree" diff --name-only --diff-filter=U | sed 's/^/    /' >&2
	die "'$1' does not fit $to: above are the files with conflicts" \
		"resolve them in ${tree#"$top"/}, and git add them" \
		"git cherry-pick --continue, or --skip if $to has it already" \
		"then run this command again"
}

# merged <subject>
merged()
{
	git -C "$tree" log --format=%s base..HEAD | grep -xF -- "$1" >/dev/null
}

# say_bases <entry> <subject>: what its line of patches/series is to have
say_bases()
{
	local now want

	now=$(bases_of "$1")
	want=$({ grep -vxF -- "$to" <<<"$now" || :; } | paste -sd ,)
	if ! merged "$2"; then
		msg "not on $to: '$2'"
	else
		want=$want,$to
	fi
	[ "$(tr , '\n' <<<"$want" | sort)" = "$now" ] ||
		msg "patches/series: the bases of $1 become $want"
}

start
[ ! -e "$(git -C "$tree" rev-parse --absolute-git-dir)/CHERRY_PICK_HEAD" ] ||
	die "a conflict in ${tree#"$top"/} is not resolved" \
		"git add the files, and git cherry-pick --continue"
mapfile -t commits < <(git -C "$from_dir/series" rev-list --reverse base..HEAD)
for c in "${commits[@]}"; do
	subject=$(g log -1 --format=%s "$c")
	! merged "$subject" || continue
	! grep -qxF -- "$subject" "$stopped" 2>/dev/null || continue
	g cherry-pick "$c" >"$to_dir/port.log" 2>&1 || conflict "$subject"
	msg "merged $subject"
done
own_objects
for i in "${!entries[@]}"; do
	say_bases "${entries[i]}" \
		"$(git -C "$from_dir/series" log -1 --format=%s "${commits[i]}")"
done
msg "the series is on $to: write to patches/series what is said above, if anything," \
	"then make export BASE=$to, and build it"
