#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The same fio loads on the stock kernel and on that of the series, on the char
# and on the block node of the same head, while its paths are lost: what became
# of them, as a table. Usage: demo.sh <base>
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
new_results demo
for name in stock series; do
	prepare "$name" plain
	msg "$name kernel under load and faults, about a minute"
	code=0
	"$vm/run.sh" "${vm_options[@]}" -s "$installed" \
		-o "$results/$name" -k "$image" \
		vm/demo.sh >"$results/$name.tap" 2>&1 || code=$?
	[ "$code" -eq 0 ] || {
		cat "$results/$name.tap" >&2
		die "the $name VM did not finish the demo" "see $results"
	}
	sed -n "s/^# result,/$name,/p" "$results/$name/demo/verdict" |
		tr -d '\r' >>"$results/demo.csv"
done

LC_ALL=C sort -s -t, -k2,2n "$results/demo.csv" | awk -F, '
BEGIN {
	format = "%-34s %-7s %-12s %9s  %-34s %10s\n"
	printf format, "fault", "kernel", "node", "succeeded",
		"errors", "longest gap"
}
{
	printf format, $3 == last ? "" : $3, $1, $4, $5,
		$6 == "" ? "0" : $6, $7 " ms"
	last = $3
	n = 0
	count = split($6, errors, " ")
	for (i = 1; i <= count; i++)
		if (errors[i] ~ /^[0-9]+$/)
			n += errors[i]
	failed[$1, $4] += n
	commands[$1, $4] += $5 + n
}
END {
	print ""
	printf "stock:  %d of %d passthrough commands failed\n",
		failed["stock", "passthrough"], commands["stock", "passthrough"]
	printf "series: %d of %d passthrough commands failed\n",
		failed["series", "passthrough"], commands["series", "passthrough"]
	# a demo that shows no difference shows nothing
	exit !(failed["series", "passthrough"] == 0 &&
		commands["series", "passthrough"] > 0 &&
		failed["stock", "passthrough"] > 0)
}' | tee "$results/table.txt" || {
	msg "the demo did not show what it is to show; see $results"
	exit 1
}
echo "logs: $results"
