# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests share: topologies, faults, loads, and the judgement of all.
#
# A test opens with begin <number of checks>, sets up a topology, makes a fault
# happen, shows by check that it did, judges what came of it, and ends with
# finish. Whatever makes a thing registers its removal with at_exit.

cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
# shellcheck disable=SC1091
. ../kselftest/ktap_helpers.sh

set -uo pipefail

# A slow machine (TCG, a debug kernel) multiplies all time limits by this.
SLOW=${NVME_MPATH_SLOW:-1}
TRACING=/sys/kernel/tracing
CONFIGFS=/sys/kernel/config
NVMET_NQN=nqn.2014-08.org.nvmexpress:nvme-mpath-test
HOST_NQN=nqn.2014-08.org.nvmexpress:uuid:6f6b5a2a-0a1e-4a52-9d8a-3d1f0f6a2b11
HOST_ID=6f6b5a2a-0a1e-4a52-9d8a-3d1f0f6a2b11
QMP_PORT=/dev/virtio-ports/nvme-mpath.qmp
tmp=$(mktemp -d)

# ---- frame ---------------------------------------------------------------

exit_commands=("rm -rf $tmp")
at_exit()
{
	exit_commands=("$*" "${exit_commands[@]}")
}

run_exit_commands()
{
	local c

	for c in "${exit_commands[@]}"; do
		eval "$c" >/dev/null 2>&1
	done
	exit_commands=()
}
trap run_exit_commands EXIT

# begin <checks>: the plan, one more for the kernel log. It is printed with the
# first result: until then a test can still find that it lacks something.
begin()
{
	ktap_print_header
	[ "$(id -u)" = 0 ] || skip_all "not root"
	checks=$(($1 + 1))
	log_mark="nvme-mpath test ${0##*/} $$"
	echo "$log_mark" >/dev/kmsg
}

print_plan()
{
	[ -z "${checks:-}" ] || ktap_set_plan "$checks"
	checks=
}

# skip_all <reason>...: what the machine lacks; after the first check, a failure
skip_all()
{
	[ -n "${checks-none}" ] || give_up "$@"
	ktap_skip_all "$@"
	exit "$KSFT_SKIP"
}

# need_tools <command>...: all that is missing goes into one reason
need_tools()
{
	local t missing=()

	for t in "$@"; do
		command -v "$t" >/dev/null || missing+=("$t")
	done
	[ ${#missing[@]} -eq 0 ] || skip_all "not found: ${missing[*]}"
}

# check <description> <command>...
check()
{
	local description=$1

	print_plan
	shift
	if "$@"; then
		ktap_test_pass "$description"
	else
		ktap_test_fail "$description"
	fi
}

give_up()
{
	print_plan
	ktap_exit_fail_msg "$@"
}

# The log since begin, and what in it nobody wants to see.
log_since_begin()
{
	dmesg | sed -n "/$log_mark/,\$p"
}

log_has()
{
	log_since_begin | grep -c "$1" >"$tmp/log_has"
	[ "$(cat "$tmp/log_has")" -gt 0 ]
}

# Lockdep reports of base kernels that are about nothing that is tested here:
#  pciehp  takes ctrl->reset_lock under pci_rescan_remove_lock on a surprise
#	   removal, and the other way round elsewhere
#  freeze  nvme-pci starts the freeze of its queues in the timeout work and ends
#	   it in the reset work: what lockdep keeps of it is left with the former
without_known_reports()
{
	# other messages may come between the lines of a report: they stay
	awk 'function report(i, lines,	text) {
		while (lines-- && i <= NR && line[i] !~ /Workqueue:/)
			text = text "\n" line[i++]
		return text
	}
	function known(i) {
		if (line[i] ~ /possible circular locking/ &&
		    report(i, 7) ~ /ctrl->reset_lock.*pciehp_unconfigure_device/)
			return "pciehp"
		if (line[i] ~ /BUG: workqueue leaked/ &&
		    line[i + 1] line[i + 2] ~ /workfn=blk_mq_timeout_work/ &&
		    report(i, 60) ~ /nvme_start_freeze/)
			return "freeze"
	}
	{ line[NR] = $0 }
	END {
		for (i = 1; i <= NR; i++)
			if (known(i))
				print "ignored a known report: " known(i) \
					>"/dev/stderr"
			else
				print line[i]
	}' 2>"$tmp/ignored"
	sed 's/^/# /' "$tmp/ignored" >&2
}

log_reports='WARNING:|BUG:|KASAN|Oops|INFO: (possible|task|rcu)|suspicious RCU'
log_reports+='|possible (circular|recursive)|sleeping function|use-after-free'
log_reports+='|blocked for more|refcount_t|list_(add|del) corruption'
log_reports+='|unreferenced object|still counted as active'

log_is_clean()
{
	log_since_begin | without_known_reports |
		grep -E -A 24 "$log_reports" \
		>"$tmp/log" || return 0
	sed 's/^/# /' "$tmp/log"
	return 1
}

finish()
{
	run_exit_commands_keep_tmp
	check "the kernel log is clean" log_is_clean
	ktap_finished
}

run_exit_commands_keep_tmp()
{
	local c

	for c in "${exit_commands[@]}"; do
		[ "$c" = "rm -rf $tmp" ] || eval "$c" >/dev/null 2>&1
	done
	exit_commands=("rm -rf $tmp")
}

# wait_for <seconds> <command>...: until it succeeds
wait_for()
{
	local end=$((SECONDS + $1 * SLOW + 1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# must <seconds> <what> <command>...: a step of the set-up
must()
{
	local seconds=$1 what=$2

	shift 2
	wait_for "$seconds" "$@" || {
		dmesg | tail -n 20 | sed 's/^/# /'
		[ -z "${io_log:-}" ] || tail -n 3 "$io_log" | sed 's/^/# /'
		give_up "$what: did not happen in $((seconds * SLOW)) s"
	}
}

ms()
{
	local t=${EPOCHREALTIME/./}

	echo $((t / 1000))
}

# ---- heads and paths -------------------------------------------------------

# find_head <subsystem NQN> [nsid]: sets $head (nvme0n1), $ng (/dev/ng0n1), $subsys
find_head()
{
	local s node

	for s in /sys/class/nvme-subsystem/*; do
		[ "$(cat "$s/subsysnqn" 2>/dev/null)" = "$1" ] || continue
		for node in "$s"/nvme*n*; do
			[[ ${node##*/} =~ ^nvme[0-9]+n[0-9]+$ ]] || continue
			# the number in its name is that of its discovery
			[ "$(cat "$node/nsid" 2>/dev/null)" = "${2:-1}" ] ||
				continue
			subsys=$s
			head=${node##*/}
			ng=/dev/ng${head#nvme}
			[ -c "$ng" ] && [ -b "/dev/$head" ] && return 0
		done
	done
	return 1
}

# pci_single: the controller without a subsystem; sets $head and $ng, which are
# the only path and its own node
pci_single()
{
	local s node

	for s in /sys/class/nvme/*; do
		[ "$(cat "$s/subsysnqn" 2>/dev/null)" = "$PCI_SINGLE_NQN" ] ||
			continue
		for node in "$s"/nvme*n*; do
			head=${node##*/}
			ng=/dev/ng${head#nvme}
			[ ! -c "$ng" ] || return 0
		done
	done
	skip_all "no PCIe controller without a subsystem"
}

# The controllers of $subsys, one a line
ctrls()
{
	local c

	for c in "$subsys"/nvme*; do
		[[ ${c##*/} =~ ^nvme[0-9]+$ ]] && [ -d "$c/" ] &&
			echo "${c##*/}"
	done
}

no_ctrl()
{
	[ -z "$(ctrls)" ]
}

ctrl_state()
{
	cat "/sys/class/nvme/$1/state" 2>/dev/null || echo gone
}

# subsys_gone: nothing pins a head of $subsys any more
subsys_gone()
{
	[ ! -e "$subsys" ]
}

paths_live()
{
	local c n=0

	for c in $(ctrls); do
		[ "$(ctrl_state "$c")" != live ] || n=$((n + 1))
	done
	[ "$n" -eq "$1" ]
}

# ctrl_of_port <n>: the nvme-tcp controller that is connected to nvmet port n
ctrl_of_port()
{
	local c

	for c in $(ctrls); do
		! grep -q "trsvcid=$((4419 + $1))\(,\|$\)" \
			"/sys/class/nvme/$c/address" || echo "$c"
	done
}

# path_of_ctrl <nvmeX>: the name of its path to $head, nvme0c1n1
path_of_ctrl()
{
	local p

	for p in "/sys/class/nvme/$1"/nvme*c*n"${head##*n}"; do
		echo "${p##*/}"
	done
}

# ---- nvmet over TCP on 127.0.0.1 -------------------------------------------

nvmet=$CONFIGFS/nvmet

# load_modules <module>...: what is not there will be missed by who needs it
load_modules()
{
	local m

	for m in "$@"; do
		modprobe -q "$m" 2>/dev/null
	done
}

# reload_host <Y|N>: the modules of the host, with or without multipath
reload_host()
{
	local m

	[ -e /sys/module/nvme_core/refcnt ] || {
		echo "nvme_core is built in" >"$tmp/reload"
		return 1
	}
	for m in nvme nvme_tcp nvme_fabrics nvme_core; do
		[ ! -e "/sys/module/$m" ] ||
			wait_for 5 rmmod "$m" 2>"$tmp/reload" || return
	done
	modprobe nvme_core "multipath=$1" && modprobe -a nvme nvme-tcp
}

# backend_up <latency ms>: a null_blk that keeps its data; zoned if $zoned says so
backend_up()
{
	local d=$CONFIGFS/nullb/mpath0

	mkdir "$d" || return
	at_exit "echo 0 >$d/power; rmdir $d"
	echo 64 >"$d/size"
	[ -z "${zoned:-}" ] || echo 1 >"$d/zoned"
	[ -z "${zoned:-}" ] || echo 64 >"$d/zone_size"
	echo 512 >"$d/blocksize"
	echo 2 >"$d/submit_queues"
	echo 1 >"$d/memory_backed"
	if [ "$1" -gt 0 ]; then
		echo 2 >"$d/irqmode"
		echo $(($1 * 1000000)) >"$d/completion_nsec"
	fi
	echo 1 >"$d/power" || return
	backend=/dev/mpath0
	gate_up
}

# gate_up: a device over the backend that can be closed, see hold()
gate_up()
{
	command -v dmsetup >/dev/null || skip_all "not found: dmsetup"
	load_modules dm-mod
	dmsetup --noudevrules --noudevsync create mpath-gate --table \
		"0 $(cat /sys/block/mpath0/size) linear /dev/mpath0 0" \
		2>"$tmp/dmsetup" || {
		sed 's/^/# /' "$tmp/dmsetup"
		return 1
	}
	at_exit "dmsetup --noudevrules --noudevsync remove mpath-gate"
	backend=/dev/dm-$(dmsetup info -c --noheadings -o minor mpath-gate)
}

# hold: the target executes no more commands of namespaces on the backend, until
# release. What the host has sent stays in flight, however slow or fast it is.
hold()
{
	# first of all at the end, or the target waits for what it has in hand
	at_exit release
	must 20 "commands that are held" dmsetup --noudevsync suspend \
		--noflush --nolockfs mpath-gate
}

release()
{
	dmsetup --noudevsync resume mpath-gate
}

# hold_load <n>: hold, and see that n commands of the load are in flight
hold_load()
{
	hold
	must 20 "$1 commands in flight" io_stuck "$1"
}

# port_up <n>, port_down <n>: the subsystem on the port, or off it
port_up()
{
	ln -s "$nvmet/subsystems/$NVMET_NQN" "$nvmet/ports/$1/subsystems/"
}

port_down()
{
	rm "$nvmet/ports/$1/subsystems/$NVMET_NQN"
}

# ana <state> [port]...: all ports without one
ana()
{
	local state=$1 p

	shift
	[ $# -gt 0 ] || set -- $(seq "$nvmet_ports")
	for p in "$@"; do
		echo "$state" >"$nvmet/ports/$p/ana_groups/1/ana_state"
	done
}

# ana_seen <state>: all paths of the head are known to be in it
ana_seen()
{
	local c

	for c in $(ctrls); do
		[ "$(cat "/sys/class/nvme/$c/$(path_of_ctrl "$c")/ana_state")" \
			= "$1" ] || return
	done
}

# backend2_up: another backend, which holds nothing; sets $backend2
backend2_up()
{
	local d=$CONFIGFS/nullb/mpath1

	mkdir "$d" || give_up "no second null_blk"
	at_exit "echo 0 >$d/power; rmdir $d"
	echo 64 >"$d/size"
	echo 512 >"$d/blocksize"
	echo 1 >"$d/memory_backed"
	echo 1 >"$d/power" || give_up "no second null_blk"
	# shellcheck disable=SC2034 # for the caller
	backend2=/dev/mpath1
}

# nvmet_ns_is <device> <uuid>: namespace 1 of the target is another volume now
nvmet_ns_is()
{
	local d=$nvmet/subsystems/$NVMET_NQN/namespaces/1

	echo 0 >"$d/enable"
	echo -n "$1" >"$d/device_path"
	echo "$2" >"$d/device_uuid"
	echo 1 >"$d/enable" || give_up "nvmet namespace refused"
}

# nvmet_ns_up <nsid> <uuid>: a namespace of the target, on the backend of them all
nvmet_ns_up()
{
	local d=$nvmet/subsystems/$NVMET_NQN/namespaces/$1

	[ -d "$d" ] || {
		mkdir "$d" || give_up "no nvmet namespace $1"
		at_exit "echo 0 >$d/enable; rmdir $d"
		echo -n "$backend" >"$d/device_path"
	}
	echo "$2" >"$d/device_uuid"
	echo 1 >"$d/enable" || give_up "nvmet namespace $1 refused"
}

# no_timeouts: of I/O commands from here on, as a busy machine or a target that
# holds them may take long
no_timeouts()
{
	local f=/sys/module/nvme_core/parameters/io_timeout

	[ -w "$f" ] || return
	at_exit "echo $(cat "$f") >$f"
	echo 600 >"$f"
}

# nvmet_target_up <ports> <latency ms>: the target, to which nobody is connected
nvmet_target_up()
{
	local ports=$1 latency=$2 p d

	nvmet_ports=$ports
	load_modules null_blk nvme-tcp nvmet-tcp
	no_timeouts
	[ -d "$nvmet" ] || mount -t configfs none "$CONFIGFS" 2>/dev/null
	[ -d "$nvmet" ] || skip_all "no $nvmet (CONFIG_NVME_TARGET_TCP)"
	[ -d "$CONFIGFS/nullb" ] ||
		skip_all "no $CONFIGFS/nullb (CONFIG_BLK_DEV_NULL_BLK)"
	[ -c /dev/nvme-fabrics ] ||
		skip_all "no /dev/nvme-fabrics (CONFIG_NVME_TCP)"
	backend_up "$latency" || give_up "null_blk could not be made"

	d=$nvmet/subsystems/$NVMET_NQN
	mkdir "$d" || give_up "no nvmet subsystem"
	at_exit "rmdir $d"
	echo 1 >"$d/attr_allow_any_host"
	nvmet_ns_up 1 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e01

	for p in $(seq "$ports"); do
		d=$nvmet/ports/$p
		mkdir "$d" || give_up "no nvmet port"
		at_exit "rm -f $d/subsystems/*; rmdir $d"
		echo tcp >"$d/addr_trtype"
		echo ipv4 >"$d/addr_adrfam"
		echo 127.0.0.1 >"$d/addr_traddr"
		echo $((4419 + p)) >"$d/addr_trsvcid"
		port_up "$p" || give_up "nvmet port $p did not come up"
	done
}

# nvmet_up <ports> <latency ms> [nvme connect option]...: sets $head and $ng
nvmet_up()
{
	local ports=$1 p

	nvmet_target_up "$1" "$2"
	shift 2
	at_exit "nvme disconnect -n $NVMET_NQN"
	for p in $(seq "$ports"); do
		nvmet_connect "$p" "$@" || give_up "nvme connect failed"
	done
	must 10 "head" find_head "$NVMET_NQN"
	must 10 "$ports live paths" paths_live "$ports"
}

# nvmet_connect <port> [nvme connect option]...; a target that misses keep-alives
# gives the controller up: on a busy machine they may be late
nvmet_connect()
{
	local port=$1

	shift
	nvme connect -t tcp -a 127.0.0.1 -s $((4419 + port)) -n "$NVMET_NQN" \
		-q "$HOST_NQN" -I "$HOST_ID" -i 2 -Q 64 -c 1 \
		-k $((30 * SLOW)) "$@" \
		>"$tmp/connect" 2>&1 || {
		sed 's/^/# /' "$tmp/connect"
		return 1
	}
}

# ---- QEMU's PCIe controllers -------------------------------------------------

PCI_SINGLE_NQN=nqn.2019-08.org.qemu:single
PCI_NQN=nqn.2019-08.org.qemu:mpath

pci_head()
{
	wait_for 5 find_head "$PCI_NQN" || skip_all "no PCIe subsystem $PCI_NQN"
	must 10 "two live paths" paths_live 2
}

# pci_ns <nsid>: sets $head and $ng to that namespace of the PCIe subsystem
pci_ns()
{
	wait_for 5 find_head "$PCI_NQN" "$1" ||
		skip_all "no namespace $1 in the PCIe subsystem"
}

# qmp <command> [arguments as JSON]
qmp()
{
	[ -c "$QMP_PORT" ] || return
	if [ ! -e "$tmp/qmp" ]; then
		exec 7<>"$QMP_PORT"
		cat <&7 >"$tmp/qmp" 2>&1 &
		at_exit "kill $!"
		echo '{"execute":"qmp_capabilities"}' >&7
	fi
	echo "{\"execute\":\"$1\"${2:+,\"arguments\":$2}}" >&7
}

need_qmp()
{
	[ -c "$QMP_PORT" ] || skip_all "not in this test's own VM"
}

# pci_slow <IOPS>: throttle the drive of the shared namespace; 0: as before
pci_slow()
{
	qmp block_set_io_throttle "{\"id\":\"ns0dev\",\"bps\":0,\"bps_rd\":0,
		\"bps_wr\":0,\"iops\":$1,\"iops_rd\":0,\"iops_wr\":0}"
}

# The two slots are root ports at 10.0 and 11.0: see vm/lib.sh.

# pci_pull <0|1>: take the card out of that slot without a word to any driver.
# QEMU drops the device when the slot's power goes off. It is on again before
# the hot-plug driver gets an interrupt, for that would take a slot without
# power for one that it has emptied itself.
pci_pull()
{
	setpci -s "00:1$1.0" CAP_EXP+18.w=0700:0720 CAP_EXP+18.w=0120:0720
}

# pci_kill <0|1>: the same, but nobody notices until commands time out
pci_kill()
{
	setpci -s "00:1$1.0" CAP_EXP+18.w=0700:0700
}

slot_off()
{
	[ $((0x$(setpci -s "00:1$1.0" CAP_EXP+18.w) & 0x700)) -eq $((0x700)) ]
}

# pci_plug <0|1>: put that controller back into its slot. QEMU drops it again
# if the hot-plug driver has not finished with the removal: that takes a second.
pci_plug()
{
	must 10 "slot $1 off" slot_off "$1"
	qmp device_add "{\"driver\":\"nvme\",\"id\":\"nvme$1\",
		\"serial\":\"mpath\",\"subsys\":\"subsys0\",\"bus\":\"rp$1\"}"
}

# pci_ctrl <0|1>: the controller in that slot
pci_ctrl()
{
	local c

	for c in $(ctrls); do
		[[ $(readlink -f "/sys/class/nvme/$c/device") != */0000:00:1$1.0/* ]] ||
			echo "$c"
	done
}

# ---- faults seen ---------------------------------------------------------------

# trace_event <event> <filter>: from here on it leaves a trace, and nothing before
trace_event()
{
	local event=$TRACING/events/$1

	[ -d "$TRACING/events" ] || mount -t tracefs none "$TRACING"
	[ -d "$event" ] || skip_all "no $event (CONFIG_FTRACE, its module)"
	echo "$2" >"$event/filter"
	echo >"$TRACING/trace"
	echo 1 >"$event/enable"
	at_exit "echo 0 >$event/enable"
}

# I/O commands that end with a path error
trace_path_errors()
{
	trace_event nvme/nvme_complete_rq \
		'qid > 0 && status >= 768 && status < 1024'
}

path_errors()
{
	grep -c nvme_complete_rq: "$TRACING/trace"
}

saw_path_errors()
{
	[ "$(path_errors)" -ge "$1" ] || {
		ktap_print_msg "path errors seen: $(path_errors)"
		return 1
	}
}

# target_answers <status>: from now on record what the target answers with it
target_answers()
{
	trace_event nvmet/nvmet_req_complete "qid > 0 && status == $(($1))"
}

target_answered()
{
	grep -c nvmet_req_complete: "$TRACING/trace"
}

# trace_sent, sent <n>: from here on I/O commands leave a trace when they are sent,
# until no_trace_sent
trace_sent()
{
	trace_event nvme/nvme_setup_cmd 'qid > 0'
}

sent()
{
	[ "$(grep -c nvme_setup_cmd: "$TRACING/trace")" -ge "$1" ]
}

no_trace_sent()
{
	echo 0 >"$TRACING/events/nvme/nvme_setup_cmd/enable"
}

# trace_passthru: from here on see what becomes of commands
trace_passthru()
{
	echo >"$TRACING/trace"
	echo 1 | tee "$TRACING"/events/nvme/nvme_passthru_*/enable >/dev/null
	at_exit "echo 0 | tee $TRACING/events/nvme/nvme_passthru_*/enable"
}

# traced <event> [text]: how often
traced()
{
	grep "nvme_passthru_$1:" "$TRACING/trace" | grep -c -e "${2:-}"
}

# inject <path> <status> <times>: end as many commands on that path with it
inject()
{
	local d=/sys/kernel/debug/$1/fault_inject

	[ -d "$d" ] || skip_all "no $d (CONFIG_FAULT_INJECTION_DEBUG_FS)"
	echo 0 >"$d/dont_retry"
	echo $(($2)) >"$d/status"
	echo 1 >"$d/interval"
	echo "$3" >"$d/times"
	echo 0 >"$d/verbose"
	echo 100 >"$d/probability"
	at_exit "echo 0 >$d/probability"
}

injected_all()
{
	[ "$(cat "/sys/kernel/debug/$1/fault_inject/times")" = 0 ]
}

inject_none()
{
	echo 0 >"/sys/kernel/debug/$1/fault_inject/probability"
}

# ---- policy ----------------------------------------------------------------------

# policy <policy>: of $head; a kernel without policies has none
policy()
{
	local f=/sys/block/$head/passthru_failover

	if [ -e "$f" ]; then
		echo "$1" >"$f"
	else
		[ "$1" = none ]
	fi
}

# count <parked|parked_total|failed_over|no_path|refused>
count()
{
	cat "/sys/block/$head/passthru_$1"
}

count_is()
{
	[ "$(count "$1")" -eq "$2" ] || {
		ktap_print_msg "passthru_$1 is $(count "$1"), not $2"
		return 1
	}
}

# is <expected> <seen>
is()
{
	[ "$1" = "$2" ] || {
		ktap_print_msg "expected '$1', seen '$2'"
		return 1
	}
}

# ---- delayed removal ---------------------------------------------------------------

# delay, delay_for <seconds>: of the removal of $head
delay()
{
	cat "/sys/block/$head/delayed_removal_secs" 2>/dev/null
}

delay_for()
{
	local f=/sys/block/$head/delayed_removal_secs

	[ -e "$f" ] && echo "$1" >"$f" || return
	# what is left at the end of the test goes then
	at_exit "echo 0 >$f"
}

# disconnect_all, connect_all: the host from nvmet, and to it again
disconnect_all()
{
	nvme disconnect -n "$NVMET_NQN" >"$tmp/disconnect" 2>&1
	wait_for 10 no_ctrl
}

connect_all()
{
	local p

	for p in $(seq "$nvmet_ports"); do
		nvmet_connect "$p" || return
	done
}

# has_path, lacks_path: of $head
has_path()
{
	[ -n "$(find "$subsys" -follow -maxdepth 2 \
		-name "${head%n*}c*n${head##*n}" 2>/dev/null)" ]
}

lacks_path()
{
	! has_path
}

# rescan_finds <nsid>: sets $head; what was refused once is looked for by a scan
rescan_finds()
{
	local c

	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/rescan_controller"
	done
	find_head "$NVMET_NQN" "$1"
}

# past <ms>: that time has come
past()
{
	[ "$(ms)" -ge "$1" ]
}

# module_refs <module>: 0 for one that is built in
module_refs()
{
	cat "/sys/module/$1/refcnt" 2>/dev/null || echo 0
}

module_refs_are()
{
	[ "$(module_refs "$1")" -eq "$2" ] || {
		ktap_print_msg "$1 has $(module_refs "$1") references"
		return 1
	}
}

# ---- loads -----------------------------------------------------------------------

# io_place [nvme_mpath_io option]...: sets $io_first, the first of blocks that no
# load before this one has, until the 60 MiB that all namespaces have are used up
io_place()
{
	local depth=16 bytes=4096 zone=0 size

	while [ $# -gt 1 ]; do
		case $1 in
		-q | --depth) depth=$2 ;;
		-b | --bytes) bytes=$2 ;;
		--zone) zone=$2 ;;
		esac
		shift
	done
	size=$((depth * (zone ? zone : bytes / 512)))
	[ "$zone" = 0 ] ||
		io_next=$(((io_next + zone - 1) / zone * zone))
	[ $((io_next + size)) -le $((60 << 11)) ] || io_next=0
	io_first=$io_next
	io_next=$((io_next + size))
}
io_next=0

# io_start [nvme_mpath_io option]...: sets $io, its pid. Each load has blocks and
# data of its own; options that are given win.
io_start()
{
	local log=$tmp/io.$((++io_count))

	io_place "$@"
	./nvme_mpath_io --nsid 1 --seed "$io_count" --first-lba "$io_first" \
		--patience $((30 * SLOW)) "$@" >"$log" 2>&1 &
	io=$!
	io_log=$log
	at_exit "kill -9 $io"
	# signals would kill it before it is
	wait_for 20 grep -q ready "$log" || give_up "$(cat "$log")"
}
io_count=0

# io_report: have it print the account so far
io_report()
{
	local n

	n=$(wc -l <"$io_log")
	kill -USR1 "$io" 2>/dev/null || return
	wait_for 20 io_log_grew "$n"
}

io_log_grew()
{
	[ "$(wc -l <"$io_log")" -gt "$1" ]
}

# io_value <key>: from the last account
io_value()
{
	tail -n 1 "$io_log" | tr ' ' '\n' | sed -n "s/^$1=//p"
}

io_pending()
{
	io_report && [ "$(io_value pending)" -eq "$1" ]
}

# io_stuck <n>: n commands are unanswered now, and still are half a second later
io_stuck()
{
	local answered

	io_pending "$1" || return
	answered=$(io_value "done")
	sleep 0.5
	io_pending "$1" && [ "$(io_value "done")" = "$answered" ]
}

# io_busy: answers come in
io_busy()
{
	io_report && [ "$(io_value "done")" -gt 0 ]
}

# io_wait: until it has ended; its account goes to the log, its verdict is ours
io_wait()
{
	wait "$io"
	io_status=$?
	ktap_print_msg "$(tail -n 1 "$io_log")"
	return "$io_status"
}

# io_stop: send no more, wait for the answers, and its verdict is ours
io_stop()
{
	kill -TERM "$io"
	io_wait
}

# io_errors_only <res>...: the errors of the last account are of these kinds
io_errors_only()
{
	local e

	# there has to be an account
	[ -n "$(io_value sent)" ] || return
	for e in $(io_value errors | tr ',' ' '); do
		case " $* " in
		*" ${e%:*} "*) ;;
		*) return 1 ;;
		esac
	done
}

# block_io_moves: on $head, right now
block_io_moves()
{
	local before

	before=$(cat "/sys/block/$head/stat")
	sleep 0.2
	[ "$before" != "$(cat "/sys/block/$head/stat")" ]
}

# fio_stop <pid>: a fio that logs to $tmp/fio has had no error, nor has one now
fio_stop()
{
	kill -INT "$1"
	wait "$1"
	grep -q '): err= 0: ' "$tmp/fio" || {
		tail -n 20 "$tmp/fio" | sed 's/^/# /'
		return 1
	}
}

# reset_all: all controllers of $subsys at once, until they are live again
reset_all()
{
	local c n=0 pids=()

	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/reset_controller" &
		pids+=($!)
		n=$((n + 1))
	done
	wait "${pids[@]}"
	must 20 "live paths after a reset" paths_live "$n"
}

# lose_all <n>: reset all controllers, which loses n commands that are held
lose_all()
{
	local lost

	lost=$(path_errors)
	reset_all
	must 10 "$1 commands lost" saw_path_errors $((lost + $1))
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

# ended <pid>: it is dead, be it reaped or not
ended()
{
	gone "$1" || grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# io_end <signal> <action of --on-usr2>: have it end, or only close its ring, which
# needs no path; sets $took, in ms
io_end()
{
	local start status=0

	start=$(ms)
	kill "-$1" "$io"
	if [ "$2" = close ]; then
		wait_for 15 grep -q closed "$io_log" || status=1
	else
		wait_for 15 ended "$io" || status=1
	fi
	# shellcheck disable=SC2034 # for the caller
	took=$(($(ms) - start))
	kill -9 "$io" 2>/dev/null
	# a kernel that does not let it go is not to hang the test
	! wait_for 5 ended "$io" || wait "$io" 2>/dev/null
	return $status
}

# io_pending_moves: answers come in right now
io_pending_moves()
{
	local answered

	io_report || return
	answered=$(io_value "done")
	sleep 0.2
	io_report && [ "$(io_value "done")" -gt "$answered" ]
}
