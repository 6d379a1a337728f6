# SPDX-License-Identifier: GPL-2.0
# Lines "boot,policy,node,iopolicy,ring,depth,bytes,instructions" as a table: what
# each policy costs, the median of three boots, and its ratio to stock. Says how far
# the boots are apart.

BEGIN {
	FS = ","
	format = "%-5s %-12s %-7s %3s %7s %9s %9s %11s %8s %8s\n"
	printf format, "node", "iopolicy", "ring", "QD", "bytes", "stock",
		"none", "idempotent", "none", "idemp."
}

$1 == "memory" {
	memory[$3, $2] = $4
	next
}

{
	key = $3 "," $4 "," $5 "," $6 "," $7
	if (!(key in known)) {
		known[key] = 1
		keys[++n] = key
	}
	value[key, $2, $1] = $8
}

# the median of three boots; 0 if one is missing
function typical(key, policy,    i, list)
{
	for (i = 1; i <= 3; i++) {
		list[i] = value[key, policy, i]
		if (!list[i])
			return 0
	}
	return median(list, 3)
}

# how far the farthest of three is from their median
function spread(key, policy,    i, m, far, worst)
{
	m = typical(key, policy)
	for (i = 1; i <= 3; i++) {
		far = value[key, policy, i] / m - 1
		if (far < 0)
			far = -far
		if (far > worst)
			worst = far
	}
	return worst
}

END {
	for (i = 1; i <= n; i++) {
		key = keys[i]
		split(key, f, ",")
		stock = typical(key, "stock")
		none = typical(key, "none")
		idempotent = typical(key, "idempotent")
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
	copy = typical(key, "idempotent") - typical(key, "none")
	printf "\nAdded per command, head, DEFER_TASKRUN, QD 32, 4096 bytes:\n"
	saved = typical("path,numa,defer,32,4096", "none") - \
		typical("path,numa,defer,32,4096", "stock")
	printf "  what all passthrough gets (path: none - stock) %6.1f\n", saved
	printf "  checks (head: none - stock, beyond that)       %6.1f\n",
		typical(key, "none") - typical(key, "stock") - saved
	printf "  copy and state (idempotent - none)             %6.1f\n", copy
	key = "head,queue-depth,defer,32,4096"
	printf "  accounting (the same with queue-depth,\n"
	printf "  beyond copy and state)                         %6.1f\n",
		typical(key, "idempotent") - typical(key, "none") - copy
	printf "\nBytes allocated for each of 256 commands, with what this benchmark needs:\n"
	for (i = split("head path", nodes, " "); i; i--)
		printf "  %s: stock %d, none %d, idempotent %d\n", nodes[i],
			memory[nodes[i], "stock"], memory[nodes[i], "none"],
			memory[nodes[i], "idempotent"]
	printf "\nA boot from the median of three, by ring and QD (mean, farthest):\n"
	for (i = 1; i <= n; i++) {
		split(keys[i], f, ",")
		kind = sprintf("%-7s %3d", f[3], f[4])
		for (p = split("stock none idempotent", policies, " "); p; p--) {
			far = spread(keys[i], policies[p])
			cells[kind]++
			apart[kind] += far
			if (far > farthest[kind])
				farthest[kind] = far
		}
	}
	for (kind in cells)
		printf "  %s  %.4f  %.4f\n", kind, apart[kind] / cells[kind],
			farthest[kind] | "sort"
}
