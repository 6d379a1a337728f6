# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # the test sources lib.sh first
#
# Every ring mode with every kind of command under one fault; a test for each
# fault sources this. One line of the table is one check, and every cell has a
# word: "pass", "n/a" with the reason below the table, or "FAIL".

# name: options of nvme_mpath_io
modes=(
	"plain:"
	"defer:--mode defer"
	"coop:--mode coop,flag"
	"sqpoll:--mode sqpoll"
	"iopoll:--mode iopoll"
	"sqiopoll:--mode sqpoll,iopoll"
	"deiopoll:--mode defer,iopoll"
	"hybrid:--mode hybrid"
	"async:--mode async"
	"link:--mode link"
	"drain:--mode drain"
	"regfile:--mode file,ring"
	"smallcq:--mode smallcq"
	"mixed:--mode mixed"
	"resize:--mode defer,resize"
)

# name:nsid:options; nsid 2 is zoned, 3 has protection information
kinds=(
	"rw:1:-o rw"
	"vec:1:-o rw --vectored"
	"fixed:1:-o rw --registered"
	"fixvec:1:-o rw --registered --vectored"
	"bounce:1:-o rw --buffer-offset 1"
	"pages:1:-o rw --buffer-offset 512 -b 16384"
	"flush:1:-o flush"
	"tmo:1:-o rw --timeout $((10000 * SLOW))"
	"append:2:-o append --zone 2048"
	"meta:3:-o rw --metadata 8"
)

# Older kernels may refuse these, with and without a fault; the version is the
# first one that has to know it. No kernel may refuse anything else.
since=("hybrid:6.13" "resize:6.13" "fixvec:6.15" "mixed:6.19")

reasons=()

# older_than <version>: true if the kernel is
older_than()
{
	local first

	first=$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)
	[ "$first" != "$1" ]
}

# refused <name> <options>: the kernel refuses this, with and without a fault
refused()
{
	local key=$1 s

	for s in "${since[@]}"; do
		[ "${s%:*}" != "$1" ] || break
	done
	[ "${s%:*}" = "$1" ] && older_than "${s#*:}" || return
	if [ ! -e "$tmp/refused.$key" ]; then
		# shellcheck disable=SC2086
		./nvme_mpath_io --nsid "$nsid" -n 8 -q 8 $2 "$ng" \
			>"$tmp/refused.log" 2>&1
		case $? in
		1) tr ' ' '\n' <"$tmp/refused.log" | sed -n 's/^errors=//p' ;;
		2) sed -n 's/.*nvme_mpath_io: //p' "$tmp/refused.log" ;;
		esac >"$tmp/refused.$key"
	fi
	why=$(cat "$tmp/refused.$key")
	case $why in
	-22:8 | *"Invalid argument"*) return 0 ;;
	*) return 1 ;;
	esac
}

# add_reason <text>: once
add_reason()
{
	local r

	for r in "${reasons[@]}"; do
		[ "$r" != "$1" ] || return
	done
	reasons+=("$1")
}

# cell <mode options> <kind options>: sets $word for the table. The test defines
# run_cell, which passes or not, and cell_na, which is true for a combination that
# cannot be tested, and sets $why.
cell()
{
	local why=''

	word=n/a
	if cell_na "$1" "$2"; then
		add_reason "$mode $kind: n/a, $why"
	elif refused "$kind" "$2"; then
		add_reason "$kind: n/a, the kernel refuses it: $why"
	elif refused "$mode" "$1"; then
		add_reason "$mode: n/a, the kernel refuses it: $why"
	elif run_cell "$1" "$2"; then
		word=pass
	else
		word=FAIL
		add_reason "$mode $kind: FAIL, $(tail -n 1 "$io_log") $why"
	fi
}

# matrix: all cells, a line and a check for each mode
matrix()
{
	local m k line bad mode kind nsid options

	line=$(printf '%-9s' "")
	for k in "${kinds[@]}"; do
		line+=$(printf ' %-6s' "${k%%:*}")
	done
	printf '# %s\n' "$line"
	for m in "${modes[@]}"; do
		mode=${m%%:*} bad=0
		line=$(printf '%-9s' "$mode")
		for k in "${kinds[@]}"; do
			IFS=: read -r kind nsid options <<<"$k"
			cell "${m#*:}" "$options"
			line+=$(printf ' %-6s' "$word")
			[ "$word" != FAIL ] || bad=1
		done
		printf '# %s\n' "$line"
		check "ring mode $mode: no kind of command fails" test $bad = 0
	done
	for line in "${reasons[@]}"; do
		ktap_print_msg "$line"
	done
}
