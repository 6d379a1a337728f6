#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let commands, and answers, wait for a missing page of their memory while
# the paths of their head go and come back: neither of these waits for the page.
# stock: fail
# timeout: 180
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# in_time <command>...: it ends within 10 s, while the page is missing
in_time()
{
	"$@" >"$tmp/in_time" 2>&1 &
	wait_for 10 ended $!
}

# path_there <port>: new commands to the head can use it
path_there()
{
	local c p

	for c in $(ctrl_of_port "$1"); do
		p=$(path_of_ctrl "$c")
		[ ! -e "/sys/class/nvme/$c/$p/ana_state" ] || return 0
	done
	return 1
}

# paths_move <what>: it waits for a page, each path goes and comes back
paths_move()
{
	local what=$1 port ok=1

	for port in 1 2; do
		in_time nvme disconnect -d "$(ctrl_of_port $port)" || ok=0
		[ $ok = 0 ] || in_time nvmet_connect $port -l 600 || ok=0
		[ $ok = 0 ] || wait_for 10 path_there $port || ok=0
		[ $ok = 1 ] || break
	done
	check "$what waits for a page: paths go and come back meanwhile" \
		test $ok = 1
	kill -USR1 "$faulting"
	wait_for 10 ended "$faulting"
	ktap_print_msg "$(tr '\n' ' ' <"$tmp/fault")"
	check "$what waits for a page: it succeeds when the page is there" \
		grep -q '^res=0$' "$tmp/fault"
	must 20 "two paths" paths_live 2
}

# waits <what> [option]...: it is sent without its page
waits()
{
	local what=$1

	shift
	missing_page "$ng" "$@"
	paths_move "$what"
}

# answer_waits <what> [option]...: its page goes while it is in flight
answer_waits()
{
	local what=$1

	shift
	taken_page "$ng" "$@"
	release
	must 10 "an answer without its page" grep -q 'missing: submitter' "$tmp/fault"
	paths_move "$what"
}

begin 23
need_tools nvme
nvmet_up 2 0 -l 600
waits "a write" write
check "a write has written the data of the page that came late" \
	grep -q 'data=0x6d' "$tmp/fault"
waits "a read" read
waits "a vectored write" write vec
waits "a vectored write of one entry" write vec one
waits "a write by io-wq" write async
waits "a write by ioctl" write ioctl
waits "a read by ioctl" read ioctl
waits "a vectored write by ioctl" write vec ioctl
answer_waits "the answer of a bounced read" read bounced
answer_waits "the answer of a bounced read by ioctl" read bounced ioctl
policy none
waits "a write, policy none" write
finish
