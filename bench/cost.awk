# SPDX-License-Identifier: GPL-2.0
# Lines "boot,policy,node,iopolicy,ring,depth,bytes,instructions" as tables: what
# each policy costs, the median of three boots, and its ratio to stock and to cleanup.
# cleanup is stock with the part of the series that is not about failover: the fixes,
# which cost a little, and an optimization of all passthrough, which saves more. Says
# how far the boots are apart, and leaves out cells that do not repeat.

BEGIN {
	FS = ","
	nr_policies = split("stock cleanup none idempotent all", policies, " ")
	# boots that are farther apart say nothing of what is to be shown
	limit = 0.01
	limit_of["none"] = 1.003
	limit_of["idempotent"] = 1.010
	limit_of["path"] = 1.000
	# a target has three digits
	rounding = 0.0005
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
	has[key, $2] = 1
}

# the median of three boots; 0 if one is missing or unsteady
function typical(key, policy,    i, list)
{
	for (i = 1; i <= 3; i++) {
		list[i] = value[key, policy, i] + 0
		if (!list[i])
			return 0
	}
	return median(list, 3)
}

# how far the farthest of three is from their median
function spread(key, policy,    i, m, far, worst)
{
	m = typical(key, policy)
	worst = 0
	for (i = 1; i <= 3; i++) {
		far = value[key, policy, i] / m - 1
		if (far < 0)
			far = -far
		if (far > worst)
			worst = far
	}
	return worst
}

# why a cell cannot be used, or an empty string; sets cost[policy], of all policies
function flaw(key,    p, policy)
{
	for (p = 1; p <= nr_policies; p++)
		cost[policies[p]] = typical(key, policies[p])
	for (p = 1; p <= nr_policies; p++) {
		policy = policies[p]
		# one policy is measured for some cells only
		if (policy == "all" && !has[key, policy])
			continue
		if (!cost[policy])
			return policy " was unsteady, or is missing"
		if (spread(key, policy) > limit)
			return sprintf("boots of %s differ by %.0f %%", policy,
				100 * spread(key, policy))
	}
	return ""
}

function whole(number)
{
	return number ? sprintf("%.0f", number) : "-"
}

function ratio(policy, base)
{
	return cost[policy] ? sprintf("%.4f", cost[policy] / cost[base]) : "-"
}

function print_cells(    i, p, f, why)
{
	format = "%-5s %-12s %-7s %3s %7s"
	printf format, "", "", "", "", ""
	printf "  %-39s  %-23s  %s\n", "instructions per command", "over stock",
		"over cleanup"
	printf format, "node", "iopolicy", "ring", "QD", "bytes"
	printf " %7s %7s %7s %7s %7s", "stock", "cleanup", "none", "idemp.", "all"
	printf "  %7s %7s %7s  %7s %7s %7s\n", "none", "idemp.", "all", "none",
		"idemp.", "all"
	for (i = 1; i <= n; i++) {
		split(keys[i], f, ",")
		why = flaw(keys[i])
		if (why != "") {
			left_out[keys[i]] = why
			continue
		}
		printf format, f[1], f[2], f[3], f[4], f[5]
		for (p = 1; p <= nr_policies; p++)
			printf " %7s", whole(cost[policies[p]])
		printf "  %7s %7s %7s", ratio("none", "stock"),
			ratio("idempotent", "stock"), ratio("all", "stock")
		printf "  %7s %7s %7s\n", ratio("none", "cleanup"),
			ratio("idempotent", "cleanup"), ratio("all", "cleanup")
	}
	for (i = 1; i <= n; i++)
		if (keys[i] in left_out)
			printf "not repeatable, left out: %s: %s\n", keys[i],
				left_out[keys[i]]
}

# the highest ratio to cleanup of all cells of a node
function highest(node, policy,    i, f, r, top)
{
	top = 0
	for (i = 1; i <= n; i++) {
		split(keys[i], f, ",")
		if (f[1] != node || keys[i] in left_out || flaw(keys[i]) != "")
			continue
		r = cost[policy] / cost["cleanup"]
		if (r > top) {
			top = r
			highest_is = sprintf("%.4f (%s, QD %d, %d B)", r, f[3],
				f[4], f[5])
		}
	}
	return top ? highest_is : "-"
}

function summary_row(name, node, policy, target,    r, line)
{
	if (flaw(node "," summary_cell) != "") {
		printf "%-18s %12s\n", name, "not repeatable"
		return
	}
	if (!cost[policy])
		return
	r = cost["cleanup"] ? cost[policy] / cost["cleanup"] : 0
	line = sprintf("%-18s %12s %10s %13s", name, whole(cost[policy]),
		cost["stock"] ? ratio(policy, "stock") : "-",
		policy == "stock" || !r ? "-" : ratio(policy, "cleanup"))
	if (target && r)
		line = line sprintf("  %-15s", sprintf("<= %.3f %s", target,
			r <= target + rounding ? "met" : "missed"))
	else
		line = line sprintf("  %-15s", "")
	if (policy != "stock" && policy != "cleanup")
		line = line "  " highest(node, policy)
	sub(/ +$/, "", line)
	print line
}

# one cell, short enough for a cover letter; the last column has all cells
function print_summary(    i, f, left)
{
	summary_cell = "numa,defer,32,4096"
	print "\nReads of 4096 bytes, DEFER_TASKRUN, QD 32:\n"
	printf "%-18s %12s %10s %13s  %-15s  %s\n", "", "instructions",
		"over stock", "over cleanup", "target", "highest over cleanup"
	summary_row("head: stock", "head", "stock", 0)
	summary_row("      cleanup", "head", "cleanup", 0)
	summary_row("      none", "head", "none", limit_of["none"])
	summary_row("      idempotent", "head", "idempotent",
		limit_of["idempotent"])
	summary_row("      all", "head", "all", 0)
	summary_row("path: stock", "path", "stock", 0)
	summary_row("      cleanup", "path", "cleanup", 0)
	summary_row("      none", "path", "none", limit_of["path"])
	summary_row("      idempotent", "path", "idempotent", limit_of["path"])
	for (i = 1; i <= n; i++) {
		split(keys[i], f, ",")
		left[f[1]] += keys[i] in left_out
	}
	printf "\nThe last column is without the cells left out, %d of heads and %d of paths.\n",
		left["head"], left["path"]
}

# prints a number of instructions, unless a cell that it is from was left out
function part(what, number, iopolicy,    why)
{
	why = flaw("head," summary_cell) flaw("path," summary_cell)
	if (iopolicy)
		why = why flaw("head," iopolicy ",defer,32,4096")
	printf "  %-54s ", what
	if (why == "")
		printf "%6.1f\n", number
	else
		print "not repeatable"
}

function added(node, iopolicy, policy, base,    key)
{
	key = node "," iopolicy ",defer,32,4096"
	return typical(key, policy) - typical(key, base)
}

function print_parts(    path, copy)
{
	path = added("path", "numa", "none", "cleanup")
	copy = added("head", "numa", "idempotent", "none")
	print "\nAdded per command in that cell:"
	part("to all passthrough: cleanup (path: cleanup - stock)",
		added("path", "numa", "cleanup", "stock"))
	part("to all passthrough: the rest (path: none - cleanup)", path)
	part("checks (head: none - cleanup, beyond that)",
		added("head", "numa", "none", "cleanup") - path)
	part("copy and state (head: idempotent - none)", copy)
	part("accounting (the same with queue-depth, beyond that)",
		added("head", "queue-depth", "idempotent", "none") - copy,
		"queue-depth")
}

function print_memory(    i, nodes)
{
	printf "\nBytes allocated for each of 256 commands, with what this benchmark needs:\n"
	for (i = split("head path", nodes, " "); i; i--)
		printf "  %s: stock %d, cleanup %d, none %d, idempotent %d\n",
			nodes[i], memory[nodes[i], "stock"],
			memory[nodes[i], "cleanup"], memory[nodes[i], "none"],
			memory[nodes[i], "idempotent"]
}

function print_spread(    i, f, p, far, kind, cells, apart, farthest)
{
	printf "\nA boot from the median of three, by ring and QD (mean, farthest):\n"
	for (i = 1; i <= n; i++) {
		if (keys[i] in left_out)
			continue
		split(keys[i], f, ",")
		kind = sprintf("%-7s %3d", f[3], f[4])
		for (p = 1; p <= nr_policies; p++) {
			if (!typical(keys[i], policies[p]))
				continue
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
	close("sort")
}

END {
	print_cells()
	print_summary()
	print_parts()
	print_memory()
	print_spread()
}
