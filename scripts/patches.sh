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
}

# shellcheck disable=SC2154
# read_series: checks the whole of patches/series and sets, for $base, the arrays
# entries, postings (the series of each) and new_files (each a list of patterns).
read_series()
{
	local line entry posting bases last='' seen=' '
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
