# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What a guide tells its reader to type.

# guide_block <section> <n> <file>: the nth block of commands of that section
guide_block()
{
	awk -v section="## $1" -v n="$2" '
	/^## / { inside = $0 == section; block = 0; was = 0 }
	inside {
		is = /^    / || (was && /^$/)
		if (/^    / && !was)
			block++
		was = is
		if (/^    / && block == n)
			print substr($0, 5)
	}' "$3"
}
