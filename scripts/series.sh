#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Write the series as mails, the way maintainers want them: one directory of
# out/<base>/mail/ for each, with a cover letter from patches/cover. Prove that
# what is mailed is what is tested: applied to a clean base, one series after the
# other, they give the tested tree, byte for byte.
#
# Usage: series.sh <base>
#
# SIGNOFF=1 signs off every patch and sends it from the caller, by the identity
# that git knows of them here. Without it there is neither.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"

load_base "${1:-}"
need git git
"$top/scripts/tree.sh" "$base" series
read_series
tree=$base_dir/series
mail=$base_dir/mail
mapfile -t commits < <(git -C "$tree" rev-list --reverse base..HEAD)

# fill <cover letter> <text>: whose diffstat is git's
fill()
{
	local text=$1.text

	for_base <"$2" >"$text"
	awk -v cover="$text" -v base="$base" '
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
			gsub(/[&\\]/, "\\\\&", subject)
			sub(/\*\*\* SUBJECT HERE \*\*\*/, subject)
		}
		/\*\*\* BLURB HERE \*\*\*/ { text(); next }
		{ print }' "$1" >"$1.new"
	mv "$1.new" "$1"
	rm "$text"
}

# identity: sets the options and the environment that say whose mails these are
identity()
{
	options=(--quiet --cover-letter --thread=shallow --base=base)
	who=(GIT_COMMITTER_NAME=nvme-mpath
		GIT_COMMITTER_EMAIL=nvme-mpath@localhost)
	from=
	[ "${SIGNOFF:-0}" = 1 ] || return 0
	git -C "$top" var GIT_COMMITTER_IDENT >/dev/null 2>&1 ||
		die "git does not know who you are" \
			"git config --global user.name and user.email"
	local name email

	name=$(git -C "$top" var GIT_COMMITTER_IDENT)
	email=${name##*<}
	email=${email%%>*}
	name=${name%% <*}
	options+=(--signoff)
	who=("GIT_COMMITTER_NAME=$name" "GIT_COMMITTER_EMAIL=$email")
	from="From: $name <$email>"
}

# write_one <directory> <cover> <parent> <last commit>
write_one()
{
	local f

	# whatever the caller has configured, git am is to read them
	env "${who[@]}" git -C "$tree" -c diff.noprefix=false \
		-c diff.mnemonicPrefix=false -c color.ui=false \
		-c format.suffix=.patch -c format.signOff=false \
		format-patch "${options[@]}" -o "$1" "$3..$4"
	fill "$1/0000-cover-letter.patch" "$2"
	[ -z "$from" ] || for f in "$1"/*; do
		awk -v from="$from" '
			/^From: / && !done { print from; done = 1; next }
			{ print }' "$f" >"$f.new"
		mv "$f.new" "$f"
	done
}

# each_series <function>: called with number, name, first and last index
each_series()
{
	local n=0 first=0 i

	for i in "${!entries[@]}"; do
		[ "${postings[i]}" != "${postings[i + 1]:-}" ] || continue
		n=$((n + 1))
		"$1" "$n" "${postings[i]}" "$first" "$i"
		first=$((i + 1))
	done
}

# check_empty: format-patch would leave such a commit out, and say nothing
check_empty()
{
	local i

	for i in "${!commits[@]}"; do
		! git -C "$tree" diff --quiet "${commits[i]}~" "${commits[i]}" ||
			die "patches/${entries[i]} changes nothing in $base" \
				"amend its commit in ${tree#"$top"/}, and make export BASE=$base" \
				"or list the bases that it is for in patches/series"
	done
}

write_mails()
{
	write_one "$mail/$1-$2" "$patches/cover/$2" "${commits[$3]}~" \
		"${commits[$4]}"
	msg "wrote $(($4 - $3 + 1)) patches to ${mail#"$top"/}/$1-$2"
}

# apply_series: the mails, on a tree of their own, and what they give
apply_series()
{
	local mails

	mapfile -t mails < <(find "$mail/$1-$2" -name '0*.patch' \
		! -name '0000-*' | sort)
	{
		git -C "$clean" -c user.name=nvme-mpath \
			-c user.email=nvme-mpath@localhost \
			-c commit.gpgSign=false am -q "${mails[@]}" ||
			echo "git am failed"
		git -C "$clean" diff --stat HEAD
		git -C "$clean" diff --stat "${commits[$4]}"
	} >"$log" 2>&1
	[ ! -s "$log" ] ||
		die "the mails of series $2 do not give the tree of the series" \
			"see $log"
	msg "series $2, applied, gives the tested tree, byte for byte"
}

round_trip()
{
	clean=$base_dir/clean
	log=$base_dir/mail.log
	git -C "$tree" worktree remove --force "$clean" 2>/dev/null ||
		rm -rf "$clean"
	git -C "$tree" worktree prune
	git -C "$tree" worktree add -q --detach "$clean" base
	each_series apply_series
	git -C "$tree" worktree remove --force "$clean"
}

[ ${#commits[@]} -eq ${#entries[@]} ] ||
	die "${#commits[@]} commits, ${#entries[@]} entries" "run make tree"
check_empty
rm -rf "$mail"
identity
each_series write_mails
round_trip
# what is new, and what is changed in files of the base
git -C "$tree" diff --numstat --diff-filter=A base HEAD |
	awk '{ n++; a += $1 } END { print n " new files, " a " lines" }'
git -C "$tree" diff --numstat --diff-filter=M base HEAD |
	awk '{ n++; a += $1; d += $2 } END {
		print n " files of the base changed, +" a " -" d }'
