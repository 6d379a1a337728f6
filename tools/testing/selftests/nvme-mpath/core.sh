# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # the test sources lib.sh first
#
# The core rows of the failover matrix, for one transport: loads of all kinds run on
# one head at the same time, beside block I/O, while one fault comes after the
# other. One line of the table is one check, and every cell has a word. The test
# sets $transport, sources this, and brings the target up.

# name: options of nvme_mpath_io
core_rows=(
	"plain:"
	"defer:--mode defer"
	"coop:--mode coop,flag --vectored"
	"sqpoll:--mode sqpoll --registered"
	"iopoll:--mode iopoll"
	"async:--mode async --buffer-offset 1"
	"ioctl:--engine io64"
	"block:"
)
core_faults=(reset ana port delete)
# checks of core_matrix: the rows, and that each fault has happened
# shellcheck disable=SC2034 # for the test
core_checks=$((${#core_rows[@]} + ${#core_faults[@]}))
core_depth=4

core_options=()
declare -A core_pid core_errors core_line core_bad

# core_start <name> [nvme_mpath_io option]...; fio verifies what it wrote 16 writes
# ago, the same data each time, as the other loads do
core_start()
{
	local name=$1

	shift
	if [ "$name" = block ]; then
		fio --name=block --filename="/dev/$head" --ioengine=libaio \
			--direct=1 --rw=randwrite --bs=4k --offset=48M --size=8M \
			--iodepth=$core_depth --verify=pattern \
			--verify_pattern=%o --verify_backlog=16 \
			--verify_fatal=1 --time_based --runtime=3600 \
			>"$tmp/fio" 2>&1 &
		core_pid[block]=$!
		at_exit "kill -9 $!"
		return
	fi
	io_start -t 3600 -q $core_depth -o rw --same-data "$@" "$ng"
	core_pid[$name]=$io
	core_errors[$name]=0
}

# core_row_moves <name>: it makes progress, and is still alive
core_row_moves()
{
	! ended "${core_pid[$1]}" || return
	if [ "$1" = block ]; then
		block_io_moves
	else
		io_use "${core_pid[$1]}"
		io_moves
	fi
}

# core_row_is_clean <name>: no command of it was lost, ended with an error or with
# wrong data since the last call
core_row_is_clean()
{
	local seen

	if [ "$1" = block ]; then
		! ended "${core_pid[block]}"
		return
	fi
	io_use "${core_pid[$1]}"
	io_report || return
	seen=$(($(io_value failed) + $(io_value mismatch) + $(io_value stray)))
	why=$(io_value errors)
	[ "$seen" -eq "${core_errors[$1]}" ] && return
	core_errors[$1]=$seen
	return 1
}

# core_answered: how many commands each ring has seen answered, if all of them wait
# for as many as they can send
core_answered()
{
	local row name

	for row in "${core_rows[@]}"; do
		name=${row%%:*}
		# these tell nothing while they wait
		[[ $name != ioctl && $name != block ]] || continue
		io_use "${core_pid[$name]}"
		io_pending $core_depth || return
		io_value "done"
	done
}

core_held()
{
	local before after

	before=$(core_answered) || return
	sleep 0.5
	after=$(core_answered) && [ "$before" = "$after" ]
}

core_hold()
{
	hold
	must 30 "all rings with $core_depth commands in flight" core_held
}

# The faults. Each is there when its function returns, and over. The other path stays:
# without one the loads of a kernel without the series are busy with errors, and
# nothing reconnects beside them.
core_reset()
{
	core_hold
	reset_one "$(ctrl_of_port 1)"
	core_seen $core_depth
	release
}

core_ana()
{
	ana_unannounced inaccessible 1
	core_seen 1
	ana_announced optimized 1
	must 20 "usable paths" ana_seen optimized
}

core_port()
{
	core_hold
	port_down 1
	must 30 "one path" paths_live 1
	core_seen $core_depth
	release
	port_up 1
	must 60 "two paths" paths_live 2
}

# An orderly deletion loses nothing: it waits for the commands in flight.
core_delete()
{
	core_hold
	nvme disconnect -d "$(ctrl_of_port 1)" >"$tmp/delete" 2>&1 &
	must 20 "one path" paths_live 1
	release
	wait $!
	happened=$([ -z "$(ctrl_of_port 1)" ] && echo 1)
	seen="the controller is gone"
	nvmet_connect 1 "${core_options[@]}" || give_up "nvme connect failed"
	must 20 "two paths" paths_live 2
}

# core_seen <n>: sets $happened if n commands have met the fault, and $seen
core_seen()
{
	wait_for 20 lost_since "$1" && happened=1
	seen="at least $1 commands met a path error"
}

lost_since()
{
	[ $(($(path_errors) - errors_before)) -ge "$1" ]
}

# core_fault <name>: make it, fill its column of the table
core_fault()
{
	local fault=$1 row name word why happened='' seen='' errors_before
	local start

	errors_before=$(path_errors)
	start=$(ms)
	"core_$fault"
	ktap_print_msg "$fault: $(($(path_errors) - errors_before)) path errors," \
		"$(($(ms) - start)) ms"
	check "$transport, $fault: $seen" test "$happened" = 1
	for row in "${core_rows[@]}"; do
		name=${row%%:*} word=pass why=''
		if ! wait_for 30 core_row_moves "$name"; then
			word=STUCK
		elif ! core_row_is_clean "$name"; then
			word=FAIL
		fi
		core_line[$name]+=$(printf ' %-7s' $word)
		[ $word = pass ] || core_bad[$name]+=" $fault:$word $why"
	done
}

# core_matrix <ports> [nvme connect option]...: the target comes up, then one fault
# after the other
core_matrix()
{
	local row name fault

	core_options=("${@:2}")
	nvmet_up "$1" 60 "${core_options[@]}"
	round_robin
	trace_path_errors
	for row in "${core_rows[@]}"; do
		name=${row%%:*}
		# shellcheck disable=SC2086
		core_start "$name" ${row#*:}
	done
	for row in "${core_rows[@]}"; do
		must 30 "load ${row%%:*}" core_row_moves "${row%%:*}"
	done
	for fault in "${core_faults[@]}"; do
		core_fault "$fault"
	done
	ktap_print_msg "$(printf '%-8s' "$transport" &&
		printf ' %-7s' "${core_faults[@]}")"
	for row in "${core_rows[@]}"; do
		core_verdict "${row%%:*}"
	done
}

core_verdict()
{
	local name=$1 ok=1

	ktap_print_msg "$(printf '%-8s' "$name")${core_line[$name]}"
	if [ "$name" = block ]; then
		fio_stop "${core_pid[block]}" || ok=0
	else
		io_use "${core_pid[$name]}"
		io_stop || ok=0
	fi
	[ -z "${core_bad[$name]:-}" ] || ktap_print_msg "$name:${core_bad[$name]}"
	check "$transport, $name: nothing was lost by ${core_faults[*]}" \
		test "$ok${core_bad[$name]:-}" = 1
}
