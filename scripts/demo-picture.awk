# SPDX-License-Identifier: GPL-2.0
# One fault over time, from what the guests of demo.sh count ten times a second: as
# text, and for gnuplot into the file data. Arguments: the verdicts of stock and
# series, -v fault=<name>.

# of(what, kernel, ms): commands until that time after the fault
function of(what, k, t,	i, a, b)
{
	t += fault_at[k]
	for (i = 1; i < samples[k] && time[k, i] < t; i++)
		;
	if (i == 1)
		return 0
	a = count[what, k, i - 1]
	b = count[what, k, i]
	if (t >= time[k, i])
		return b
	return a + (b - a) * (t - time[k, i - 1]) / (time[k, i] - time[k, i - 1])
}

function within(what, k, t)
{
	return of(what, k, t + step) - of(what, k, t)
}

function row(what, k,	t, n, text)
{
	for (t = from; t < to; t += step) {
		n = within(what, k, t)
		if (what == "passthrough" && within("errors", k, t) >= 0.5)
			text = text "x"
		else if (n < 0.5)
			text = text " "
		else
			text = text (n < most / 3 ? "." : "#")
	}
	printf "%-7s %-12s|%s|\n", k, what, text
}

BEGIN {
	step = 100
	from = -1000
	to = 3000
}

{ sub(/\r$/, "") }
FNR == 1 { k = kernel[++files] = files == 1 ? "stock" : "series" }
$1 == "# load" { wanted[k, $2] = $3 == fault }
!wanted[k, $2] { next }
$1 == "# fault" { fault_at[k] = $3 }
$1 == "# live" {
	i = ++samples[k]
	time[k, i] = $3
	count["passthrough", k, i] = $4
	count["block", k, i] = $5
	count["errors", k, i] = $6
}

END {
	for (i = 1; i <= files; i++)
		for (t = from; t < to; t += step) {
			k = kernel[i]
			p = within("passthrough", k, t)
			b = within("block", k, t)
			e = within("errors", k, t)
			if (p > most)
				most = p
			if (b > most)
				most = b
			print k, (t + step / 2) / 1000, p, b, e >data
		}
	print fault ", commands per 100 ms:"
	print "# many and . few succeed, x some fail, blank: none ends"
	print ""
	for (i = 1; i <= files; i++) {
		row("passthrough", kernel[i])
		row("block", kernel[i])
	}
	printf "%21s", "-1"
	for (t = from + 1000; t <= to; t += 1000)
		printf "%10s", t == 0 ? "fault" : t / 1000 " s"
	print ""
}
