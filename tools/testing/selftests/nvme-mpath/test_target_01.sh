#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will have its paths lead to another guest, cut the wires, lose and delay
# packets, stop and reset the target under load: no command is lost.
# target: target.sh
# stock: fail
# timeout: 600
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# The loads have to wait for a target that boots.
patience=$((400 * SLOW))

target_answers()
{
	nvmet_connect 1 "${connection[@]}" >"$tmp/answer"
}

loads_up()
{
	local kind

	loads=()
	for kind in "-o rw" "-o rw --vectored" "-o rw --mode sqpoll" "-o rw --engine io64 -q 1"; do
		# shellcheck disable=SC2086
		io_start -t 86400 -q 4 --patience $patience $kind "$ng"
		loads+=("$io")
	done
	fio --ioengine=libaio --direct=1 --rw=randwrite --bs=4k --offset=48M \
		--size=8M --iodepth=4 --verify=pattern --verify_pattern=%o \
		--verify_backlog=16 --verify_fatal=1 --time_based --runtime=86400 \
		--name=block --filename="/dev/$head" >"$tmp/fio" 2>&1 &
	fio=$!
	at_exit "kill -9 $fio"
}

# all_go_on: each load has new answers, the ioctl too, and block I/O
all_go_on()
{
	all_move 60 "${loads[@]}" && wait_for 60 block_io_moves
}

# waits: of the first load no command is answered
all_wait()
{
	io_use "${loads[0]}"
	io_stuck 4
}

lacks_live()
{
	! paths_live 2
}

# mended <what>: both paths are back, and all loads have answers again
mended()
{
	check "$1: both paths come back" wait_for 120 paths_live 2
	check "$1: then all loads go on" all_go_on
}

one_wire_cut()
{
	wire_link host "$1" false
	must 60 "a path without a connection" lacks_live
	check "wire $1 cut: all loads go on by the other one" all_go_on
	wire_link host "$1" true
	mended "wire $1 cut"
}

# at the end of the target: the host sees nothing but silence
both_wires_cut()
{
	wire_link target 1 false
	wire_link target 2 false
	check "both wires cut: commands wait" wait_for 60 all_wait
	must 60 "no path with a connection" paths_live 0
	wire_link target 1 true
	wire_link target 2 true
	mended "both wires cut"
}

bad_wires()
{
	local i

	load_modules sch_netem
	for i in 1 2; do
		wire_netem $i delay 30ms 30ms loss 10% duplicate 2% reorder 5% ||
			skip_all "no netem (CONFIG_NET_SCH_NETEM)"
	done
	check "packets delayed, lost, doubled and out of order: all loads go on" \
		all_go_on
	sleep 5
	for i in 1 2; do
		wire_netem $i
	done
	mended "packets delayed, lost, doubled and out of order"
}

target_stopped()
{
	qmp_at "$TARGET_QMP" stop
	check "target stopped: commands wait" wait_for 60 all_wait
	must 90 "no path with a connection" paths_live 0
	qmp_at "$TARGET_QMP" cont
	mended "target stopped"
}

target_reset()
{
	qmp_at "$TARGET_QMP" system_reset
	must 60 "no path with a connection" paths_live 0
	mended "target reset"
}

begin 22
need_tools nvme fio tc
need_qmp
need_target
wires_up "${host_ends[@]}"
nvmet_ports=2
# a path that is lost for a moment on a busy machine does no harm here
connection=(-l -1 -k 5)
at_exit "nvme disconnect -n $NVMET_NQN"
must 120 "a target that answers" target_answers
nvmet_connect 2 "${connection[@]}" || give_up "nvme connect failed"
must 10 "head" find_head "$NVMET_NQN"
must 20 "two live paths" paths_live 2
round_robin
loads_up
all_go_on || give_up "a load gets no answers"

one_wire_cut 1
one_wire_cut 2
both_wires_cut
bad_wires
target_stopped
target_reset

for l in "${loads[@]}"; do
	io_use "$l"
	what=$(tr '\0' ' ' <"/proc/$l/cmdline" | sed 's/.*--patience [0-9]* //')
	check "${what% }: no command failed, all data is right" io_stop
done
check "block I/O beside: no error, and all data is right" fio_stop "$fio"
finish
