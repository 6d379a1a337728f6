# SPDX-License-Identifier: GPL-2.0
# picture.dat, as demo-picture.awk writes it, to picture.svg
set terminal svg size 900,600 background "white"
set output "picture.svg"
set multiplot layout 2,1 title system("sed 's/,.*//; q' picture.txt")
set xlabel "seconds after the fault"
set ylabel "commands per 100 ms"
set xrange [-1:3]
set yrange [0:*]
set key outside right
do for [k in "stock series"] {
	set title k
	of(c) = strcol(1) eq k ? column(c) : NaN
	plot "picture.dat" using 2:(of(3)) with linespoints pt 7 ps 0.3 title "passthrough", \
		"" using 2:(of(4)) with lines dt 2 title "block I/O", \
		"" using 2:(of(5) > 0.5 ? 0 : NaN) with points pt 2 lc "red" title "passthrough fails"
}
