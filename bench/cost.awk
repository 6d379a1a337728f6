# SPDX-License-Identifier: GPL-2.0
# Lines "run,policy,node,iopolicy,ring,depth,bytes,instructions" as a table: what
# each policy costs, and its ratio to stock. Says how far two runs are apart.

BEGIN {
	FS = ","
	format = "%-5s %-12s %-7s %3s %7s %9s %9s %11s %8s %8s\n"
	printf format, "node", "iopolicy", "ring", "QD", "bytes", "stock",
		"none", "idempotent", "none", "idemp."
}

{
	key = $3 "," $4 "," $5 "," $6 "," $7
	if (!(key in known)) {
		known[key] = 1
		keys[++n] = key
	}
	sum[key, $2] += $8
	runs[key, $2]++
	value[key, $2, $1] = $8
	if ($1 == 2 && (key, $2, 1) in value) {
		far = ($8 - value[key, $2, 1]) / value[key, $2, 1]
		if (far < 0)
			far = -far
		if (far > farthest[$5]) {
			farthest[$5] = far
			where[$5] = key " " $2
		}
		apart[$5] += far
		pairs[$5]++
	}
}

function mean(key, policy)
{
	return runs[key, policy] ? sum[key, policy] / runs[key, policy] : 0
}

END {
	for (i = 1; i <= n; i++) {
		key = keys[i]
		split(key, f, ",")
		stock = mean(key, "stock")
		none = mean(key, "none")
		idempotent = mean(key, "idempotent")
		if (!stock || !none || !idempotent) {
			printf "%s: not measured for all policies\n", key
			incomplete = 1
			continue
		}
		printf format, f[1], f[2], f[3], f[4], f[5],
			sprintf("%.0f", stock), sprintf("%.0f", none),
			sprintf("%.0f", idempotent),
			sprintf("%.4f", none / stock),
			sprintf("%.4f", idempotent / stock)
	}
	if (incomplete)
		exit 1
	key = "head,numa,defer,32,4096"
	copy = mean(key, "idempotent") - mean(key, "none")
	printf "\nAdded per command, head, DEFER_TASKRUN, QD 32, 4096 bytes:\n"
	printf "  checks (none - stock)                      %6.1f\n",
		mean(key, "none") - mean(key, "stock")
	printf "  copy and state (idempotent - none)         %6.1f\n", copy
	key = "head,queue-depth,defer,32,4096"
	printf "  accounting (the same with queue-depth,\n"
	printf "  beyond copy and state)                     %6.1f\n",
		mean(key, "idempotent") - mean(key, "none") - copy
	printf "\nTwo boots apart, by ring (mean, farthest):\n"
	for (ring in pairs)
		printf "  %-7s %.4f  %.4f  %s\n", ring, apart[ring] / pairs[ring],
			farthest[ring], where[ring]
}
