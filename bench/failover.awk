# SPDX-License-Identifier: GPL-2.0
# The lines of nvme_load, guest/failover.sh and guest/deadpath.sh as tables: for each
# contender and fault the median and the longest gap, the median time to the old
# rate, and the errors that the contender was given in all; and how long commands
# waited for a tag of a dead path.

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
	if (!($3 in is_kind)) {
		is_kind[$3] = 1
		kinds[++nr_kinds] = $3
	}
}

$1 == "sum" {
	good[$2] = $3
	errors[$2] = $4
	lost[$2] = $5
	pending[$2] = $6
}

$1 == "kato" {
	kato = $2
}

$1 == "outage" {
	outage = $2
}

$1 == "dead" {
	if (!($2 in rounds))
		waiters[++nr_waiters] = $2
	dead[$2, ++rounds[$2]] = $3
	dead_errors[$2] += $4
}

# sets gap_is and longest_is; false if there is no such fault
function gaps_of(name, kind,    m, list)
{
	count = 0
	longest_is = 0
	for (m = 0; m < marks; m++) {
		if (fault[m] != kind || !((name, m) in gap))
			continue
		list[++count] = gap[name, m] + 0
		backs[count] = back[name, m] + 0
		if (list[count] > longest_is)
			longest_is = list[count]
	}
	if (count)
		gap_is = median(list, count)
	return count
}

function row(name, kind,    m)
{
	if (!gaps_of(name, kind))
		return
	m = median(backs, count)
	printf format, name, kind, gap_is, longest_is, m < 0 ? "never" : m
}

function verdict(ok)
{
	return ok ? "met" : "missed"
}

function print_errors(    i)
{
	printf "\n%-16s %10s %12s %14s %12s\n", "contender", "answers",
		"errors seen", "not sent again", "no answer"
	for (i = 1; i <= n; i++)
		printf "%-16s %10d %12d %14d %12d\n", names[i],
			good[names[i]], errors[names[i]], lost[names[i]],
			pending[names[i]]
}

function print_targets(    k, passthrough)
{
	printf "\nTarget: the median gap of passthrough is at most that of block I/O beside it\n"
	for (k = 1; k <= nr_kinds; k++) {
		if (!gaps_of("passthrough", kinds[k]))
			continue
		passthrough = gap_is
		if (!gaps_of("block", kinds[k]))
			continue
		printf "  %-6s %6d <= %6d ms  %s\n", kinds[k], passthrough,
			gap_is, verdict(passthrough <= gap_is)
	}
}

function print_dead(    i, r, name, list, longest)
{
	printf "\nMore commands than tags, then one path is dead for %d s: ms until all are answered\n\n",
		outage
	printf "%-16s %10s %10s %12s\n", "contender", "median", "longest",
		"errors seen"
	for (i = 1; i <= nr_waiters; i++) {
		name = waiters[i]
		longest = 0
		for (r = 1; r <= rounds[name]; r++) {
			list[r] = dead[name, r] + 0
			if (list[r] > longest)
				longest = list[r]
		}
		wait[name] = median(list, rounds[name])
		printf "%-16s %10d %10d %12d\n", name, wait[name], longest,
			dead_errors[name]
	}
	if ("passthrough" in wait)
		printf "\nTarget: passthrough waits for at most 1000 ms: %s\n",
			verdict(wait["passthrough"] <= 1000)
}

END {
	for (i = 1; i <= n; i++)
		for (k = 1; k <= nr_kinds; k++)
			row(names[i], kinds[k])
	if (kato)
		printf "\ncut: nothing gets through, and no connection is closed; keep alive timeout %d s\n",
			kato
	print_targets()
	print_errors()
	if (nr_waiters)
		print_dead()
}
