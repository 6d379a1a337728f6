# SPDX-License-Identifier: GPL-2.0
# The table of demo.sh. The first file has a line for each kernel and fault: what
# other programs took of the machine. The second one has the results, sorted by
# fault. Exits with 1 if they do not show the difference.

function alike(a, b)
{
	return a <= 1.5 * b && b <= 1.5 * a
}

# Of one fault, when both kernels are through it
function compare(fault, n,	a, b)
{
	a = others["stock", n]
	b = others["series", n]
	if (alike(before["stock"], before["series"]) && a - b <= 25 && b - a <= 25)
		return
	unlike = unlike sprintf("warning: %s: the machine was not loaded alike:\n" \
		"  block I/O/s before the fault %d and %d, other programs %d%% and %d%%\n",
		fault, before["stock"], before["series"], a, b)
}

BEGIN {
	format = "%-7s %-12s %7s %8s %9s %8s %7s  %s\n"
	printf format, "kernel", "node", "seconds", "before/s", "succeeded",
		"gap, ms", "others", "errors"
}

NR == FNR {
	others[$1, $2] = $3
	next
}

{
	if ($2 != n) {
		if (n)
			compare(fault, n)
		n = $2
		fault = $3
		print fault
	}
	printf format, $1, $4, $5, $6, $7, $9, others[$1, n] "%", $8 == "" ? 0 : $8
	if ($4 == "block")
		before[$1] = $6
	errors = 0
	count = split($8, words, " ")
	for (i = 1; i <= count; i++)
		if (words[i] ~ /^[0-9]+$/)
			errors += words[i]
	failed[$1, $4] += errors
	commands[$1, $4] += $7 + errors
}

END {
	compare(fault, n)
	print ""
	print "seconds: how long the load ran; before/s: commands in the second before"
	print "the fault; gap: the longest time without one that succeeded; others: what"
	print "other programs took of this machine's CPU time"
	print ""
	printf "stock:  %d of %d passthrough commands failed\n",
		failed["stock", "passthrough"], commands["stock", "passthrough"]
	printf "series: %d of %d passthrough commands failed\n",
		failed["series", "passthrough"], commands["series", "passthrough"]
	if (unlike == "")
		print "The machine was loaded alike in both."
	else
		printf "%s  Gaps and counts do not compare there; errors do.\n", unlike
	# a demo that shows no difference shows nothing
	exit !(failed["series", "passthrough"] == 0 &&
		commands["series", "passthrough"] > 0 &&
		failed["stock", "passthrough"] > 0)
}
