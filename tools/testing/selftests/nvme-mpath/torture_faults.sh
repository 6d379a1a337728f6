# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # torture.sh sources lib.sh first
# shellcheck disable=SC2034 # the helpers of lib read head and subsys
#
# The actor of torture.sh: it breaks and mends, by a sequence of choices that depends
# on the seed only, not on what the faults did. To add a fault, write break_<name>,
# and put the name into faults. It chooses with pick, claims what it breaks, so that
# no other fault breaks it meanwhile, says what it does by action, breaks it without
# waiting long, and leaves the way back with mend_by. What may block goes to the
# background by job.

# One with {,} is there twice, and comes twice as often. pull is not among them, but for
# FAULTS=...,pull: QEMU 7.2 crashes now and then when a card goes under such a load.
# failover_04, delay_05 and hold_02 pull one.
faults=(reset{,} reset_both port{,} cut{,} stall delete{,} ana{,,} refuse hold{,,,}
	resize flap{,,,} pcie_reset{,,} slow cpu{,} policy{,} delayed bound{,} short iopolicy
	rescan swap queues path_reset{,} abort{,})

QID_MAX=$nvmet/subsystems/$NVMET_NQN/attr_qid_max

# what is broken: how to mend it
declare -A broken=()
jobs=()
step=0

# action <text>...: the log of the actor, here and in the kernel's log
action()
{
	local line

	line="torture $((($(ms) - torture_start) / 1000)) s, step $step: $*"
	echo "$line" >>"$tmp/actions"
	echo "$line" >/dev/kmsg
}

# job <command>...: in the background; calm waits for it
job()
{
	("$@") >>"$tmp/jobs.log" 2>&1 &
	jobs+=("$!")
}

# claim <thing>...: false if one of them is broken
claim()
{
	local t

	for t in "$@"; do
		[ -z "${broken[$t]:-}" ] || return
	done
	for t in "$@"; do
		broken[$t]=:
	done
}

# mend_by <thing> <command>...
mend_by()
{
	local t=$1

	shift
	broken[$t]=$*
}

# mend <thing>
mend()
{
	local how=${broken[$1]}

	unset "broken[$1]"
	[ "$how" = : ] || {
		action "mend $1: $how"
		$how
	}
}

# use <tcp|pcie>: $subsys, for the helpers of lib
use()
{
	subsys=${subsystem[$1]}
}

# tcp_ctrl <1|2>: the first path goes through the relay
tcp_ctrl()
{
	use tcp
	ctrl_of_port "$1"
}

tcp_connect()
{
	nvmet_connect "$1" -l 3600 -P 1
}

# reset_ctrl <controller>...
reset_ctrl()
{
	local c

	for c in "$@"; do
		echo 1 >"/sys/class/nvme/$c/reset_controller"
	done
}

break_reset()
{
	pick 1 2
	[ -z "${broken[path$picked]:-}" ] || return
	action "reset tcp $picked"
	# shellcheck disable=SC2046
	job reset_ctrl $(tcp_ctrl "$picked")
}

break_reset_both()
{
	[ -z "${broken[path1]:-}${broken[path2]:-}" ] || return
	action "reset tcp 1 and 2"
	# shellcheck disable=SC2046
	job reset_ctrl $(tcp_ctrl 1)
	# shellcheck disable=SC2046
	job reset_ctrl $(tcp_ctrl 2)
}

# may_lose <1|2>: claims the path. The last controller may only go if the heads
# outlive it. A port that goes may cost its controller: it answers a last attempt to
# reconnect with "no such subsystem"; or the target has given the controller up while
# its queues connect, and says that such a one is not there.
may_lose()
{
	local other=$((3 - $1))

	[ "$removal_delay" -gt 0 ] ||
		{ [ -z "${broken[path$other]:-}" ] && ! no_tcp_ctrl "$other"; } || return
	claim "path$1"
}

break_port()
{
	pick 1 2
	may_lose "$picked" || return
	action "port $picked down"
	port_down "$picked"
	mend_by "path$picked" port_up "$picked"
}

break_delete()
{
	pick 1 2
	may_lose "$picked" || return
	action "delete tcp $picked"
	# shellcheck disable=SC2046
	job nvme disconnect -d "$(tcp_ctrl "$picked")"
	mend_by "path$picked" reconnect "$picked"
}

# reconnect <1|2>: until the heads have the path, or the other one could go now
reconnect()
{
	if ! wait_for 60 no_tcp_ctrl "$1" || ! tcp_connect "$1"; then
		mend_by "path$1" reconnect "$1"
		return
	fi
	wait_for 60 has_paths "$(tcp_ctrl "$1")" 3 ||
		violation stuck "tcp $1 is connected, but a path is missing:" \
			"$(compgen -G "/sys/class/nvme/$(tcp_ctrl "$1")/nvme*c*n*")"
}

# has_paths <controller> <n>: its paths to n heads are there
has_paths()
{
	[ "$(compgen -G "/sys/class/nvme/$1/nvme*c*n*" | wc -l)" -ge "$2" ]
}

no_tcp_ctrl()
{
	[ -z "$(tcp_ctrl "$1")" ]
}

# the host sees at once that its connections are gone; the target gets what was sent
# when the wire is whole again
break_cut()
{
	may_lose 1 || return
	action "cut the wire of tcp 1"
	wire_cut
	wire_hang_up
	mend_by path1 wire_mend
}

# for a moment only: until the host notices, processes wait for what is in flight
break_stall()
{
	claim path1 || return
	rnd 1200
	action "stall the wire of tcp 1 for $((300 + r)) ms"
	wire_cut
	pause $((300 + r))
	wire_mend
	mend path1
}

break_ana()
{
	local p

	pick 1 2
	p=$picked
	claim "ana$p" || return
	pick inaccessible{,} change non-optimized persistent-loss
	action "ana $picked on port $p"
	ana "$picked" "$p"
	mend_by "ana$p" ana optimized "$p"
}

# A path that goes and comes at a random rate, until it is mended.
break_flap()
{
	local port what ms

	pick 1 2
	claim "ana$picked" "path$picked" || return
	port=$picked
	pick ana{,} reset
	what=$picked
	rnd 250
	ms=$((50 + r))
	action "flap by $what on port $port, every $ms ms"
	rm -f "$tmp/steady.$port"
	job flap "$what" "$port" "$ms"
	# whichever is mended first ends it
	mend_by "ana$port" steady "$port" "${jobs[-1]}"
	mend_by "path$port" steady "$port" "${jobs[-1]}"
}

# flap <ana|reset> <port> <ms>: not longer than the test
flap()
{
	while [ -d "$tmp" ] && [ ! -e "$tmp/steady.$2" ]; do
		! "flap_$1" "$2" "$3" || echo flap >>"$tmp/faults"
		pause "$3"
	done
}

flap_ana()
{
	ana inaccessible "$1"
	pause "$2"
	ana optimized "$1"
}

# another fault may have it deleted
flap_reset()
{
	local c

	c=$(tcp_ctrl "$1")
	[ -n "$c" ] && reset_ctrl "$c"
}

# steady <port> <pid>: of what flaps it
steady()
{
	touch "$tmp/steady.$1"
	wait_for 60 ended "$2" ||
		violation stuck "the end of what flaps tcp $1 did not come"
}

# The target refuses commands of a path, and does not say so before.
break_refuse()
{
	local p c

	pick 1 2
	p=$picked
	claim "ana$p" "path$p" || return
	c=$(tcp_ctrl "$p")
	action "refuse on port $p"
	quiet_events "$c" 0
	ana inaccessible "$p"
	mend_by "ana$p" announce "$p"
	mend_by "path$p" :
}

# quiet_events <controller> <mask>: it may be in a reset
quiet_events()
{
	timeout $((2 * SLOW)) nvme set-feature "/dev/$1" --feature-id=0xb --value="$2" \
		>"$tmp/events" 2>&1
}

# A reset enables events again, too, and so does the one that the controller is in.
announce()
{
	local c

	c=$(tcp_ctrl "$1")
	[ "$(ctrl_state "$c")" != live ] || quiet_events "$c" 0x900 || reset_ctrl "$c"
	ana optimized "$1"
}

# tcp_load_runs: its commands are held, if the gate is closed
tcp_load_runs()
{
	local i

	for ((i = 0; i < lanes; i++)); do
		value_of "$tmp/lane.$i.what" ''
		# shellcheck disable=SC2034 # for says
		[[ $value != tcp/* ]] || ! log=$tmp/load.$i says ready || return 0
	done
	return 1
}

# await_load: for a moment, until something can be lost
await_load()
{
	local i

	for ((i = 0; i < 10 * SLOW; i++)); do
		tcp_load_runs && return
		pause 50
	done
}

# The way out if a fault cannot be made, as its path is broken: what is left of the
# paths loses its commands.
reset_live()
{
	local c live=()

	use tcp
	for c in $(ctrls); do
		[ "$(ctrl_state "$c")" != live ] || live+=("$c")
	done
	[ ${#live[@]} -gt 0 ] || return
	action "reset ${live[*]}"
	job reset_ctrl "${live[@]}"
	echo reset >>"$tmp/faults"
}

# for a moment: processes that end wait for commands that are in flight
break_hold()
{
	claim gate || return
	rnd 1200
	action "hold commands for $((300 + r)) ms"
	hold
	await_load
	pause $((300 + r))
	pick nothing reset reset_both{,} port cut{,} stall
	[ "$picked" = nothing ] || break_now "$picked" || reset_live
	action "release"
	release
	mend gate
}

# swap_volume <device> <uuid>: no controller sees namespace 1 meanwhile
swap_volume()
{
	wait_for 20 paths_live 0
	nvmet_ns_is "$@"
}

# Commands wait while their NSID is another volume for a moment.
break_swap()
{
	# nor do controllers connect a queue that is for a CPU which is offline
	[ "$removal_delay" -gt 0 ] && claim path1 path2 gate cpu || return
	action "namespace 1 is another volume on port 1"
	use tcp
	all_ports port_down
	swap_volume "$other_volume" "$OTHER_UUID"
	port_up 1
	wait_for 20 paths_live 1
	pause 500
	action "namespace 1 is back"
	port_down 1
	swap_volume "$volume" "$VOLUME_UUID"
	all_ports port_up
	mend path1
	mend path2
	mend gate
	mend cpu
}

# Namespace 3 grows or shrinks under its loads; what they use stays.
break_resize()
{
	pick 64 80 96 128
	action "namespace 3 has $picked MiB"
	sized_is "$picked" || violation run "namespace 3 could not be resized"
	echo 1 >"$nvmet/subsystems/$NVMET_NQN/namespaces/3/revalidate_size"
}

# sized_follows: the head of namespace 3 has its size, and both paths
sized_follows()
{
	local f value size

	value_of "$tmp/sized" 0
	size=$((value * 2048))
	for f in /sys/block/"${target_head[sized]}"/size \
		"$subsys"/nvme*/nvme*c*n"${target_head[sized]##*n}"/size; do
		value_of "$f" 0
		[ "$value" = $size ] || return
	done
}

# A controller may have missed the notification; and a path is not used until its own
# controller has found it as large as the head.
refresh_size()
{
	use tcp
	rescan
	wait_for 60 sized_follows
}

break_pull()
{
	pick 0 1
	[ -z "${broken[slot$((1 - picked))]:-}" ] || return
	# QEMU may crash when it drops a controller whose commands it delays that long
	[ -z "${broken[drive]:-}" ] || return
	claim "slot$picked" || return
	action "pull the card in slot $picked"
	pci_pull "$picked"
	mend_by "slot$picked" plug "$picked"
}

plug()
{
	use pcie
	must 60 "slot $1 without a controller" slot_empty "$1"
	pci_plug "$1"
	must 60 "slot $1 with a controller and its paths" slot_live "$1"
}

# three shared namespaces
slot_live()
{
	local c

	c=$(pci_ctrl "$1")
	[ -n "$c" ] && [ "$(ctrl_state "$c")" = live ] && has_paths "$c" 3
}

# QEMU executes what it has before it lets a queue go: a reset alone loses nothing. Where
# the kernel can do that, the driver takes no notice of the answers before it.
LOST_ANSWERS=/sys/kernel/debug/fail_io_timeout

# lose_next_answers <controller>: some of those that come within a moment. It has to be
# short, or they time out before the reset.
lose_next_answers()
{
	local p i value

	for p in "/sys/class/nvme/$1"/nvme*c*n*; do
		lose_answers "${p##*/}" 16
	done
	for ((i = 0; i < 10 * SLOW; i++)); do
		value_of "$LOST_ANSWERS/times" 0
		[ "$value" != 0 ] || break
		pause 50
	done
	# from here on nothing may be lost without a reset
	for p in "/sys/class/nvme/$1"/nvme*c*n*; do
		echo 0 >"/sys/block/${p##*/}/io-timeout-fail"
	done
	echo 0 >"$LOST_ANSWERS/probability"
}

# reset_lossy <controller>
reset_lossy()
{
	[ ! -d $LOST_ANSWERS ] || lose_next_answers "$1"
	reset_ctrl "$1"
}

# one at a time for each controller: another one would be refused, and leave what it has
# lost to the timeout
resets=()

break_pcie_reset()
{
	local c

	pick 0 1
	[ -z "${broken[slot$picked]:-}" ] || return
	[ -z "${resets[picked]:-}" ] || ended "${resets[picked]}" || return
	action "reset the controller in slot $picked"
	use pcie
	c=$(pci_ctrl "$picked")
	[ -n "$c" ] || return
	job reset_lossy "$c"
	resets[picked]=${jobs[-1]}
}

# A controller aborts commands with their queue, as PCIe ones do that are reset. Where
# the kernel can do that, its paths say so, of commands that were executed. So few, as
# block I/O asks the same path again, and not often.
break_abort()
{
	local c p any=''

	pick 1 2
	c=$(tcp_ctrl "$picked")
	action "tcp $picked aborts commands"
	[ -n "$c" ] || return
	for p in "/sys/class/nvme/$c"/nvme*c*n*; do
		p=${p##*/}
		[ -d "/sys/kernel/debug/$p/fault_inject" ] || continue
		inject "$p" 0x8 3
		any=1
	done 2>/dev/null
	[ -n "$any" ]
}

# Its commands end as they would without the series.
break_path_reset()
{
	claim single || return
	action "reset $single_ctrl, which has the only path"
	job reset_ctrl "$single_ctrl"
	mend_by single :
}

break_slow()
{
	[ -z "${broken[slot0]:-}${broken[slot1]:-}" ] || return
	claim drive || return
	action "slow drive"
	pci_slow 50
	mend_by drive pci_slow "$pci_iops"
}

# show_tasks: all of them, and the work that is pending, for the log on the console
show_tasks()
{
	local level

	read -r level _ </proc/sys/kernel/printk
	echo 7 >/proc/sys/kernel/printk
	echo t >/proc/sysrq-trigger
	echo "$level" >/proc/sys/kernel/printk
}

# cpu <0|1>: says what everybody does if that takes long
cpu()
{
	echo "$1" >"$CPU" &
	wait_for 10 ended $! || show_tasks
	wait $!
}

# It waits for the commands in flight.
break_cpu()
{
	[ -w "$CPU" ] || return
	claim cpu || return
	action "CPU 1 goes"
	job cpu 0
	mend_by cpu job cpu 1
}

# A zoned head never has the policy all: it may write twice.
break_policy()
{
	local t

	pick tcp zoned pcie meta pzoned sized
	t=$picked
	claim "policy.$t" || return
	pick none all
	[[ $t != *zoned ]] || picked=none
	action "policy $picked for $t"
	set_policy "$t" "$picked"
	mend_by "policy.$t" set_policy "$t" idempotent
}

# set_policy <target> <policy>: the lanes read the history: see line_now
set_policy()
{
	echo "$2" >>"$tmp/policies.$1"
	set_attribute "$1" failover "$2"
	echo "done" >>"$tmp/policies.$1"
}

# set_attribute <target> <name> <word>: of the head, which has it then, and takes no
# other word
set_attribute()
{
	local f=/sys/block/${target_head[$1]}/passthru_$2

	! { echo "no $3" >"$f"; } 2>/dev/null ||
		violation run "$f takes 'no $3'"
	echo "$3" >"$f"
	value_of "$f" ''
	[ "$value" = "$3" ] || violation run "$f has '$value', not '$3'"
}

# The check of a zone, by ioctl, has no answer for -ETIME: not those heads.
break_bound()
{
	local t

	pick tcp sized pcie meta
	t=$picked
	claim "bound.$t" || return
	pick 1 2
	action "passthru_wait_secs $picked for $t"
	set_wait "$t" "$picked"
	mend_by "bound.$t" set_wait "$t" 0
}

set_wait()
{
	echo "$2" >>"$tmp/waits.$1"
	set_attribute "$1" wait_secs "$2"
	echo "done" >>"$tmp/waits.$1"
}

# A debug kernel fails allocations or copies of some loads: see make_load_fail.
break_short()
{
	pick failslab fail_page_alloc fail_usercopy
	[ -e "$FAILURES/$picked/require-start" ] || return
	claim memory || return
	action "short of memory: $picked"
	touch "$tmp/was_short"
	short_of "$picked" 30
	mend_by memory enough_of "$picked"
}

# What is held then is released when it is off again.
break_delayed()
{
	local t

	pick tcp zoned sized
	t=$picked
	claim "delayed.$t" || return
	pick off 100 1000
	action "passthru_delayed_retry $picked for $t"
	set_delayed "$t" "$picked"
	mend_by "delayed.$t" set_delayed "$t" cqt
	# commands have to be lost for it
	break_now hold || :
}

set_delayed()
{
	set_attribute "$1" delayed_retry "$2"
}

# The target lets its hosts reconnect, with so many queues: not if one cannot.
break_queues()
{
	[ -w "$QID_MAX" ] || return
	[ -z "${broken[path1]:-}${broken[path2]:-}${broken[cpu]:-}${broken[gate]:-}" ] ||
		return
	claim queues || return
	pick 1 2 3
	action "the target offers $picked queues"
	offer_queues "$picked"
	mend_by queues offer_queues 128
}

offer_queues()
{
	echo "$1" >"$QID_MAX"
}

break_iopolicy()
{
	local s

	pick tcp pcie
	s=$picked
	pick numa round-robin round-robin queue-depth
	action "iopolicy $picked for $s"
	echo "$picked" >"${subsystem[$s]}/iopolicy"
}

break_rescan()
{
	pick tcp pcie
	use "$picked"
	action "rescan $picked"
	job rescan
}

# break_now <fault>: false if it cannot be made now, and is not counted
break_now()
{
	"break_$1" || return
	# flap counts itself
	[ "$1" = flap ] || echo "$1" >>"$tmp/faults"
}

# act: the next choice. The sequence does not depend on what can be done.
act()
{
	local n

	step=$((step + 1))
	rnd_from 0 "$step"
	rnd 3
	if [ "$r" = 0 ] && [ ${#broken[@]} -gt 0 ]; then
		mapfile -t n < <(printf '%s\n' "${!broken[@]}" | sort)
		pick "${n[@]}"
		mend "$picked"
	else
		pick "${faults[@]}"
		break_now "$picked"
	fi
	# half of them come together with the next one
	rnd 1400
	[ "$r" -ge 700 ] || pause $((50 + r))
}

# The way back from all faults. What is still as it was is reported.

# jobs_ended
jobs_ended()
{
	local j

	[ ${#jobs[@]} -gt 0 ] || return 0
	for j in "${jobs[@]}"; do
		ended "$j" || return
	done
	wait "${jobs[@]}"
	jobs=()
}

all_connected()
{
	local p

	for p in 1 2; do
		if no_tcp_ctrl "$p"; then
			action "tcp $p is gone, connect again"
			tcp_connect "$p" || return
		fi
	done
}

all_live()
{
	local s

	for s in tcp pcie; do
		use "$s"
		paths_live 2 || return
	done
}

# all_optimized: the host knows it; a path that was just found may not have a state
all_optimized()
{
	local t

	use tcp
	for t in tcp zoned sized; do
		head=${target_head[$t]}
		ana_seen optimized 2>/dev/null || return
	done
}

# A path may have missed a notification while it reconnected.
refresh_ana()
{
	wait_for 20 all_optimized && return
	action "reset all, for the ANA states"
	# shellcheck disable=SC2046
	reset_ctrl $(tcp_ctrl 1) $(tcp_ctrl 2)
	wait_for 60 all_live && wait_for 20 all_optimized
}

# value_of <file> <default>: sets $value
value_of()
{
	read -r value 2>/dev/null <"$1" || value=$2
}

# no_head_has_waiters: of those of all targets
no_head_has_waiters()
{
	local t what

	for t in "${!target_head[@]}"; do
		for what in parked held; do
			value_of "/sys/block/${target_head[$t]}/passthru_$what" gone
			[ "$value" = 0 ] || return
		done
	done
}

# lanes_went_on: in each a load has ended that began after mark_lanes
mark_lanes()
{
	local i

	for ((i = 0; i < lanes; i++)); do
		value_of "$tmp/lane.$i.started" 0
		lane_mark[i]=$value
	done
}

lane_went_on()
{
	value_of "$tmp/lane.$1.ended" 0
	[ "$value" -gt "${lane_mark[$1]:-0}" ]
}

lanes_went_on()
{
	local i

	for ((i = 0; i < lanes; i++)); do
		[ ! -e "$tmp/stop" ] || return 0
		lane_went_on "$i" || return
	done
}

# lanes_stuck: what they wait for
lanes_stuck()
{
	local i pid t

	for ((i = 0; i < lanes; i++)); do
		! lane_went_on "$i" || continue
		pid=$(cat "$tmp/lane.$i.pid")
		echo "lane $i: $(cat "$tmp/lane.$i.what"), pid $pid"
		kill -USR1 "$pid" 2>/dev/null
		pause 500
		grep -H State "/proc/$pid/task/"*/status
		head -n 20 "/proc/$pid/task/"*/stack
		tail -n 2 "$tmp/load.$i"
	done
	for t in "${!target_head[@]}"; do
		grep . "/sys/block/${target_head[$t]}/passthru_"*
	done
	grep -s . /sys/class/nvme/*/state /sys/class/nvme/*/*/ana_state
	show_tasks
} 2>/dev/null

# calm_step <seconds> <class> <text> <command>...
calm_step()
{
	local seconds=$1 class=$2 text=$3

	shift 3
	[ ! -e "$tmp/stop" ] || return
	wait_for "$seconds" "$@" ||
		violation "$class" "after all was mended: $text" \
			"did not happen in $((seconds * SLOW)) s" \
			$'\n'"$(lanes_stuck)"
}

# commands_waited: some have met a fault
commands_waited()
{
	[ $(($(counters failed_over) + $(counters parked_total))) -gt 0 ]
}

# make_them_wait: the last resort on a slow machine, where ten steps may hit nothing
make_them_wait()
{
	action "no usable tcp path until a command waits"
	ana inaccessible 1 2
	wait_for 120 commands_waited
	ana optimized 1 2
	calm
}

# calm: mend all; then all that was sent during the faults has to be answered, and
# nothing may wait
calm()
{
	local t things=()

	action "calm"
	[ ${#broken[@]} -eq 0 ] ||
		mapfile -t things < <(printf '%s\n' "${!broken[@]}" | sort)
	for t in "${things[@]}"; do
		mend "$t"
	done
	calm_step 120 stuck "the end of what runs in the background" jobs_ended
	# if it came before it had gone
	[ ! -w "$CPU" ] || [ "$(cat "$CPU")" = 1 ] || cpu 1
	calm_step 60 stuck "a controller for each path" all_connected
	broken=()
	calm_step 90 stuck "live paths" all_live
	calm_step 1 stuck "usable paths" refresh_ana
	calm_step 1 stuck "the size of namespace 3" refresh_size
	mark_lanes
	calm_step 120 stuck "the end of a new load in each lane" lanes_went_on
	calm_step 60 parked "no command parked or held" no_head_has_waiters
}
