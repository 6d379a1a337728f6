# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The format of patches/: see patches/README.md. Sourced after lib.sh, which sets
# $top, and $base by load_base().

# shellcheck disable=SC2154
patches=$top/patches

# bad_line <line of patches/series> <what is wrong>
bad_line()
{
	die "patches/series: $2" "the line is: $1" \
		"its columns: entry, series, bases ('all' or a list with commas), new files"
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

# check_paragraphs <line> <file>: a paragraph for a base that is misspelled would
# be in the commit of none
check_paragraphs()
{
	local b

	# shellcheck disable=SC2013 # words they are
	for b in $(awk -v RS='' 'match($0, /^\[[0-9]+\.[0-9]+: /) {
		print substr($0, 2, RLENGTH - 3) (/]$/ ? "" : "-open") }' "$2"); do
		[[ $b != *-open ]] || bad_line "$1" \
			"${2#"$top"/}: the paragraph [${b%-open}: has to end with ]"
		[ -f "$top/bases/$b" ] || bad_line "$1" \
			"${2#"$top"/}: [$b: is for an unknown base, there are: $(cd "$top/bases" && echo *)"
	done
}

# check_diffs <line>: of $entry
check_diffs()
{
	local f b twice

	for f in "$patches/$entry"/*.diff; do
		[ -e "$f" ] || continue
		b=$(basename "$f" .diff)
		grep -qxF "$b" <<<"$(bases_of "$entry")" ||
			bad_line "$1" "${f#"$top"/} is there, but the entry is not for $b: add the base or remove the file"
		twice=$({ pieces "$patches/$entry/diff"; pieces "$f"; } |
			sort | uniq -d | head -n 1)
		[ -z "$twice" ] || bad_line "$1" \
			"diff and $b.diff of patches/$entry both have $twice: it belongs to one of them"
	done
}

# check_line <line>: of the words in $entry, $posting, $bases and the array $files
check_line()
{
	local b f

	[ -n "${bases:-}" ] || bad_line "$1" "columns are missing"
	[ -f "$patches/$entry/message" ] ||
		bad_line "$1" "there is no patches/$entry/message"
	[ -f "$patches/cover/$posting" ] ||
		bad_line "$1" "series '$posting' has no patches/cover/$posting"
	for b in ${bases//,/ }; do
		[ "$b" = all ] || [ -f "$top/bases/$b" ] ||
			bad_line "$1" "unknown base '$b', there are: $(cd "$top/bases" && echo *)"
	done
	for f in "${files[@]}"; do
		[ -n "$(git -C "$top" ls-files -co --exclude-standard -- "$f")" ] ||
			bad_line "$1" "$f is not there"
	done
	check_paragraphs "$1" "$patches/$entry/message"
	check_paragraphs "$1" "$patches/cover/$posting"
	check_diffs "$1"
}

# shellcheck disable=SC2154
# read_series: checks the whole of patches/series and sets, for $base, the arrays
# entries, postings (the series of each) and new_files (each a list of patterns).
read_series()
{
	local line entry posting bases last='' seen=' ' had=' '
	local -a files

	[ -f "$patches/series" ] || die "there is no patches/series"
	entries=() postings=() new_files=()
	while read -r line; do
		line=${line%%#*}
		read -r entry posting bases files <<<"$line"
		[ -n "${entry:-}" ] || continue
		read -ra files <<<"${files:-}"
		check_line "$line"
		[[ ,$bases, == *,all,* || ,$bases, == *,$base,* ]] || continue
		[[ $had != *" $entry "* ]] ||
			bad_line "$line" "$entry is in two lines for $base"
		had+="$entry "
		if [ "$posting" != "$last" ]; then
			[[ $seen != *" $posting "* ]] ||
				bad_line "$line" "the entries of series '$posting' are not adjacent"
			seen+="$posting "
			last=$posting
		fi
		entries+=("$entry")
		postings+=("$posting")
		new_files+=("${files[*]}")
	done <"$patches/series"
	[ ${#entries[@]} -gt 0 ] || die "patches/series has no entry for $base"
}

# for_base: a message from stdin, without the paragraphs for other bases only
for_base()
{
	awk -v base="$base" '
		BEGIN { RS = ""; ORS = "" }
		match($0, /^\[[0-9]+\.[0-9]+: /) &&
			substr($0, 2, RLENGTH - 3) != base { next }
		{ print (n++ ? "\n\n" : "") $0 }
		END { print "\n" }'
}

# message_of <entry>
message_of()
{
	for_base <"$patches/$1/message"
}

# diff_of <entry>: what all of its bases share, and what only this one has
diff_of()
{
	local f

	for f in "$patches/$1/diff" "$patches/$1/$base.diff"; do
		[ ! -f "$f" ] || cat "$f"
	done
}

# files_of <pattern>...: new files of the repo, sorted
files_of()
{
	[ $# -gt 0 ] || return 0
	git -C "$top" ls-files -co --exclude-standard -- "$@" | sort -u
}

# piece <file> <diff>: prints what a diff has for one file
piece()
{
	awk -v f="a/$1" '/^diff --git /{ on = $3 == f } on' "$2"
}

# pieces <diff>: the files it has something for
pieces()
{
	[ ! -e "$1" ] || sed -n 's,^diff --git a/\([^ ]*\) .*,\1,p' "$1"
}
