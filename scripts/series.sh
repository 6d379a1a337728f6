#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Write the series as mails, the way maintainers want it, to out/<base>/mail/,
# and prove that what is mailed is what is tested: applied to a clean base it has
# to give the tree of the series, byte for byte. Usage: series.sh <base>
#
# SIGNOFF=1 signs off every patch and sends it from the caller, by the identity
# that git knows of them here. Without it there is neither.
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
need git git
"$top/scripts/tree.sh" "$base" series
tree=$base_dir/series
mail=$base_dir/mail
cover=$top/patches/cover-letter.txt

# fill <file>: subject and text of the cover letter, whose diffstat is git's
fill()
{
	awk -v cover="$cover" -v base="$base" '
		function text(	line, n) {
			while ((getline line <cover) > 0)
				if (++n >= 3) {
					gsub(/@BASE@/, base, line)
					print line
				}
		}
		/\*\*\* SUBJECT HERE \*\*\*/ {
			getline subject <cover
			close(cover)
			sub(/\*\*\* SUBJECT HERE \*\*\*/, subject)
		}
		/\*\*\* BLURB HERE \*\*\*/ { text(); next }
		{ print }' "$1" >"$1.new"
	mv "$1.new" "$1"
}

write_mails()
{
	local options=(--quiet --cover-letter -o "$mail") name email f
	local who=(GIT_COMMITTER_NAME=nvme-mpath
		GIT_COMMITTER_EMAIL=nvme-mpath@localhost)

	if [ "${SIGNOFF:-0}" = 1 ]; then
		git -C "$top" var GIT_COMMITTER_IDENT >/dev/null 2>&1 ||
			die "git does not know who you are" \
				"git config --global user.name and user.email"
		name=$(git -C "$top" var GIT_COMMITTER_IDENT)
		email=${name##*<}
		email=${email%%>*}
		name=${name%% <*}
		options+=(--signoff)
		who=("GIT_COMMITTER_NAME=$name" "GIT_COMMITTER_EMAIL=$email")
	fi
	rm -rf "$mail"
	env "${who[@]}" git -C "$tree" format-patch "${options[@]}" base..HEAD
	fill "$mail/0000-cover-letter.patch"
	[ "${SIGNOFF:-0}" != 1 ] || for f in "$mail"/*; do
		awk -v from="From: $name <$email>" '
			/^From: / && !done { print from; done = 1; next }
			{ print }' "$f" >"$f.new"
		mv "$f.new" "$f"
	done
}

# round_trip: the mails, on a tree of their own
round_trip()
{
	local clean=$base_dir/clean log=$base_dir/mail.log code=0

	git -C "$tree" worktree remove --force "$clean" 2>/dev/null ||
		rm -rf "$clean"
	git -C "$tree" worktree prune
	git -C "$tree" worktree add -q --detach "$clean" base
	git -C "$clean" -c user.name=nvme-mpath \
		-c user.email=nvme-mpath@localhost \
		am -q "${patches[@]}" >"$log" 2>&1 || code=1
	[ "$code" -eq 0 ] &&
		git -C "$clean" diff --quiet HEAD &&
		git -C "$clean" diff --stat "$(git -C "$tree" rev-parse HEAD)" \
			>>"$log" || code=1
	[ ! -s "$log" ] || code=1
	git -C "$tree" worktree remove --force "$clean"
	[ "$code" -eq 0 ] ||
		die "the mails do not give the tree of the series" "see $log"
}

write_mails
mapfile -t patches < <(find "$mail" -name '0*.patch' ! -name '0000-*' | sort)
msg "wrote ${#patches[@]} patches and a cover letter to $mail"
round_trip
msg "applied to a clean $base they give the tested tree, byte for byte"
# what is new, and what is changed in files of the base
git -C "$tree" diff --numstat --diff-filter=A base HEAD |
	awk '{ n++; a += $1 } END { print n " new files, " a " lines" }'
git -C "$tree" diff --numstat --diff-filter=M base HEAD |
	awk '{ n++; a += $1; d += $2 } END {
		print n " files of the base changed, +" a " -" d }'
