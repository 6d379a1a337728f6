# SPDX-License-Identifier: GPL-2.0
# coverage.unreached, then the output of gcov -t: which lines of failover ran.

FNR == 1 {
	input++
}

# file, a part of "function: line", reason: separated by tabs
input == 1 {
	if ($0 !~ /^#/ && split($0, f, "\t") == 3) {
		n_reasons++
		in_file[n_reasons] = f[1]
		part[n_reasons] = f[2]
	}
	next
}

{
	count = $0
	sub(/:.*/, "", count)
	gsub(/[ *]/, "", count)
	text = $0
	sub(/^[^:]*:/, "", text)
	line = text + 0
	sub(/^[^:]*:/, "", text)
}

line == 0 {
	if (text ~ /^Source:/) {
		file = text
		sub(/.*\//, "", file)
		ours = file ~ /^(mpath_passthru.*\.[ch]|uring_cmd\.h)$/
		function_name = ""
	}
	next
}

!ours {
	next
}

# a function begins where its name is at the beginning of a line
text ~ /^[a-z].*\(/ && text !~ /;$/ {
	function_name = text
	sub(/\(.*/, "", function_name)
	sub(/.*[ *]/, "", function_name)
}

count == "-" {
	next
}

{
	key = file SUBSEP line
	if (!(key in known)) {
		known[key] = 1
		keys[++n] = key
		lines[file]++
		what[key] = text
		sub(/^[ \t]*/, "", what[key])
		where[key] = function_name
	}
	if (count !~ /^[#=]+$/ && !(key in reached)) {
		reached[key] = 1
		ran[file]++
	}
}

function explained(key,    f, i, is)
{
	split(key, f, SUBSEP)
	for (i = 1; i <= n_reasons; i++)
		if (in_file[i] == f[1] &&
		    index(where[key] ": " what[key], part[i]))
			is = used[i] = 1
	return is
}

END {
	if (!n)
		exit 1
	for (i = 1; i <= n; i++) {
		if (keys[i] in reached)
			continue
		split(keys[i], f, SUBSEP)
		if (explained(keys[i])) {
			excused[f[1]]++
			continue
		}
		text_of_rest = text_of_rest sprintf("  %s:%d %s: %s\n", f[1], f[2],
			where[keys[i]], what[keys[i]])
		rest++
	}
	for (file in lines)
		printf "  %-26s %4d of %4d, %d explained\n", file, ran[file],
			lines[file], excused[file] | "sort"
	close("sort")
	for (i = 1; i <= n_reasons; i++)
		if (!(i in used))
			printf "  no need to explain, here: %s: %s\n", in_file[i], part[i]
	printf "%d lines were not reached, and are not explained\n%s", rest,
		text_of_rest
}
