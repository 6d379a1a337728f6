# SPDX-License-Identifier: GPL-2.0
# Two tables of cost.awk, of two runs: how far the second is from the first, for each
# kernel by ring and QD (mean, farthest), and in its ratios.

$1 != "head" && $1 != "path" || NF != 16 {
	next
}

{
	key = $1 "," $2 "," $3 "," $4 "," $5
	if (NR == FNR) {
		for (i = 6; i <= NF; i++)
			before[key, i] = $i
		next
	}
	if (!((key, 6) in before))
		next
	kind = sprintf("%-7s %3d", $3, $4)
	for (i = 6; i <= NF; i++) {
		if ($i == "-" || before[key, i] == "-")
			continue
		far = $i / before[key, i] - 1
		if (far < 0)
			far = -far
		of = i < 11 ? kind : "ratios  " sprintf("%3d", $4)
		cells[of]++
		apart[of] += far
		if (far > farthest[of])
			farthest[of] = far
	}
}

END {
	for (kind in cells)
		printf "  %s  %.4f  %.4f\n", kind, apart[kind] / cells[kind],
			farthest[kind] | "sort"
}
