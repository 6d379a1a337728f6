# SPDX-License-Identifier: GPL-2.0
# The lines of nvme_load and of guest/failover.sh as a table: for each contender
# and fault the median and the longest gap, the median time to the old rate, and
# the errors that the contender was given in all.

BEGIN {
	FS = ","
	format = "%-16s %-6s %10s %10s %12s\n"
	printf format, "contender", "fault", "gap ms", "longest", "recovery ms"
}

$1 == "gap" {
	if (!($2 in known)) {
		known[$2] = 1
		names[++n] = $2
	}
	gap[$2, $3] = $4
	back[$2, $3] = $5
	if ($3 + 1 > marks)
		marks = $3 + 1
}

# the same faults in the same order for all
$1 == "fault" {
	fault[$2] = $3
}

$1 == "sum" {
	good[$2] = $3
	errors[$2] = $4
	lost[$2] = $5
	pending[$2] = $6
}

function row(name, kind,    m, count, gaps, backs, longest)
{
	for (m = 0; m < marks; m++) {
		if (fault[m] != kind)
			continue
		gaps[++count] = gap[name, m] + 0
		backs[count] = back[name, m] + 0
	}
	if (!count)
		return
	longest = 0
	for (m = 1; m <= count; m++)
		if (gaps[m] > longest)
			longest = gaps[m]
	m = median(backs, count)
	printf format, name, kind, median(gaps, count), longest,
		m < 0 ? "never" : m
}

END {
	for (i = 1; i <= n; i++) {
		row(names[i], "port")
		row(names[i], "ports")
		row(names[i], "ana")
	}
	printf "\n%-16s %10s %12s %14s %12s\n", "contender", "answers",
		"errors seen", "not sent again", "no answer"
	for (i = 1; i <= n; i++)
		printf "%-16s %10d %12d %14d %12d\n", names[i],
			good[names[i]], errors[names[i]], lost[names[i]],
			pending[names[i]]
}
