#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send random loads to heads over TCP and over PCIe at once,
# break and mend their paths at random, and see that each command is answered once,
# with no error that nothing explains, with the right data, and that nothing is left.
#
# make torture runs it, not make test. All that is random depends on a seed:
#   TORTURE_SEED=n	the same loads, the same faults in the same order
#   TORTURE_MINUTES=n	for so long (3)
#   TORTURE_FAULTS=a,b	no other faults than these: see torture_faults.sh
#   TORTURE_LANES=n	so many loads at a time (4)
# stock: fail panic
# timeout: 240
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh
# modes and kinds of commands
# shellcheck source-path=SCRIPTDIR source=matrix.sh
. ./matrix.sh
# lanes, loads and the oracle
# shellcheck source-path=SCRIPTDIR source=torture_loads.sh
. ./torture_loads.sh
# the actor
# shellcheck source-path=SCRIPTDIR source=torture_faults.sh
. ./torture_faults.sh

SEED=${TORTURE_SEED:-1}
minutes=${TORTURE_MINUTES:-3}
lanes=${TORTURE_LANES:-4}
[ -z "${TORTURE_FAULTS:-}" ] || IFS=, read -ra faults <<<"$TORTURE_FAULTS"

declare -A target_nsid=([tcp]=1 [zoned]=2 [sized]=3 [path]=1 [pcie]=1 [meta]=3
	[pzoned]=2)
declare -A target_head target_ng subsystem
# shellcheck disable=SC2034 # for torture_loads.sh
zones_zoned=1024 zones_pzoned=60
lane_mark=() pci_iops=400
record=$TRACING/instances/torture
# So many steps, then all is mended and looked at: that takes a slow machine a minute.
group=$((SLOW > 1 ? 240 : 40))

# zoned_backend_up: another null_blk, of zones of 1 MiB, for namespace 2
zoned_backend_up()
{
	null_blk_up mpath1 size=1024 zoned=1 zone_size=1 irqmode=2 \
		completion_nsec=$((10000000 * SLOW)) ||
		give_up "no zoned null_blk"
}

# sized_is <MiB>: the volume behind namespace 3
sized_is()
{
	# first: it is resumed with what is loaded, whatever happens
	dmsetup load mpath-sized --table "0 $(($1 * 2048)) linear /dev/mpath3 0" &&
		dmsetup --noudevsync suspend --nolockfs mpath-sized &&
		dmsetup --noudevrules --noudevsync resume mpath-sized || return
	echo "$1" >"$tmp/sized"
}

# sized_backend_up: a volume that can be resized, for namespace 3; loads use no more
# than its first size
sized_backend_up()
{
	local size=64

	{ null_blk_up mpath3 size=128 irqmode=2 completion_nsec=$((10000000 * SLOW)) &&
		linear_up mpath-sized /dev/mpath3 $((size * 2048)); } ||
		give_up "no volume to resize"
	echo $size >"$tmp/sized"
}

# other_volume_up: what namespace 1 is while it is swapped
other_volume_up()
{
	volume=$backend other_volume=/dev/mpath2
	null_blk_up mpath2 || give_up "no other null_blk"
}

# found <target> <NQN>
found()
{
	must 20 "head of $1" find_head "$2" "${target_nsid[$1]}"
	target_head[$1]=$head target_ng[$1]=$ng
	echo idempotent >"$tmp/policies.$1"
	echo "done" >>"$tmp/policies.$1"
	printf '%s\n' 0 "done" >"$tmp/waits.$1"
	echo idempotent >"/sys/block/$head/passthru_failover"
}

tcp_up()
{
	local p

	nvmet_target_up 2 $((10 * SLOW))
	# no_timeouts is too long here: 7.3 has it for Connect, too, and where the peer
	# has just closed, that and a CPU that goes wait for it
	set_file /sys/module/nvme_core/parameters/io_timeout 120
	other_volume_up
	zoned_backend_up
	backend=/dev/mpath1
	nvmet_ns_up 2 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e02
	sized_backend_up
	nvmet_ns_up 3 2b7f3f54-6c0c-4f60-9d43-5a0f2f5d1e04
	relay_up 1
	at_exit "kill -USR2 $relay; nvme disconnect -n $NVMET_NQN"
	for p in 1 2; do
		tcp_connect "$p" || give_up "nvme connect failed"
	done
	found tcp "$NVMET_NQN"
	found zoned "$NVMET_NQN"
	found sized "$NVMET_NQN"
	subsystem[tcp]=$subsys
	must 20 "two live paths" paths_live 2
}

pcie_up()
{
	local t

	for t in pcie meta pzoned; do
		found $t "$PCI_NQN"
	done
	subsystem[pcie]=$subsys
	nvme zns reset-zone -a "${target_ng[pzoned]}" >"$tmp/zones" 2>&1
	must 10 "two live paths" paths_live 2
}

# path_up: the node of a path has no policy
path_up()
{
	pci_single
	target_ng[path]=$ng single_ctrl=${head%n*}
	printf '%s\n' none "done" >"$tmp/policies.path"
	printf '%s\n' 0 "done" >"$tmp/waits.path"
}

# pci_throttled: commands are in flight for a while, and leave the CPUs to the actor
pci_throttled()
{
	local d

	pci_slow $pci_iops
	for d in ns1 ns2 ns3; do
		qmp block_set_io_throttle "{\"device\":\"$d\",\"bps\":0,
			\"bps_rd\":0,\"bps_wr\":0,\"iops\":$pci_iops,
			\"iops_rd\":0,\"iops_wr\":0}"
	done
}

# delays_set: half of the seeds have heads that outlive their last path
delays_set()
{
	local t

	rnd_from 2
	rnd 2
	removal_delay=$((r * 1000))
	for t in tcp zoned sized; do
		head=${target_head[$t]}
		delay_for $removal_delay || removal_delay=0
	done
}

# what_is_refused: modes and kinds that this kernel does not know
what_is_refused()
{
	local x why mode='' kind='' nsid=1

	use tcp
	ng=${target_ng[tcp]}
	for x in "${modes[@]}" "${more_modes[@]}" "${kinds[@]}"; do
		if [[ $x == *:*:* ]]; then
			[[ $x == *:1:* ]] || continue
		fi
		# shellcheck disable=SC2001
		if refused "${x%%:*}" "$(sed 's/^[a-z]*:\([0-9]:\)\{0,1\}//' <<<"$x")"; then
			touch "$tmp/not.${x%%:*}"
			ktap_print_msg "${x%%:*}: refused by this kernel: $why"
		fi
	done
}

# block_up: fio verifies what it wrote 16 writes ago, beside all lanes
block_up()
{
	fio --ioengine=libaio --direct=1 --rw=randwrite --bs=4k --offset=48M \
		--size=8M --iodepth=4 --rate_iops=60 --verify=pattern \
		--verify_pattern=%o --verify_backlog=16 --verify_fatal=1 \
		--time_based --runtime=86400 --group_reporting \
		--name=tcp --filename="/dev/${target_head[tcp]}" \
		--name=pcie --filename="/dev/${target_head[pcie]}" \
		>"$tmp/fio" 2>&1 &
	fio=$!
	at_exit "kill -9 $fio"
}

lanes_up()
{
	local i

	for ((i = 0; i < lanes; i++)); do
		lane "$i" &
		lane_pid[i]=$!
		at_exit "kill -9 ${lane_pid[i]} \$(cat $tmp/lane.$i.pid)"
	done
}

# record_up: what becomes of commands that fail over or wait, for a violation to show
record_up()
{
	[ -d "$TRACING/events" ] || mount -t tracefs none "$TRACING"
	mkdir "$record" || skip_all "no trace instances"
	at_exit "rmdir $record"
	echo 1 | tee "$record"/events/nvme/nvme_passthru_*/enable >/dev/null
}

# pcie_gone: no head, path or controller of it is left
pcie_gone()
{
	use pcie
	[ ! -e "$subsys" ]
}

# remove_pcie: their controllers are freed, and warn if they count commands
remove_pcie()
{
	local c

	use pcie
	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/device/remove"
	done
	wait_for 60 pcie_gone
}

# counters <name>: the sum of all heads
counters()
{
	sum_counts "$1" "${target_head[@]}"
}

# report: what happened; scripts/torture.sh keeps these lines
report()
{
	cat "$tmp"/accounts.* | tr ' ' '\n' | awk -F= -v OFS= '
		$1 ~ /^(sent|done|ok|failed|timed_out)$/ { sum[$1] += $2 }
		$1 == "gap_ms" && $2 > gap { gap = $2 }
		$1 == "errors" && $2 {
			n = split($2, kinds, ",")
			for (i = 1; i <= n; i++) {
				split(kinds[i], e, ":")
				errors[e[1]] += e[2]
			}
		}
		END {
			print "commands: sent ", sum["sent"], ", succeeded ",
				sum["ok"], ", failed ", sum["failed"]
			for (e in errors)
				text = text " " e ":" errors[e]
			print "errors, each of them explained:", text
			print "cancelled: ", 0 + errors["-125"]
			print "longest stall: ", gap, " ms"
		}'
	echo "loads with an account: $(cat "$tmp"/accounts.* | wc -l)"
	echo "loads by kind: $(tally <(cut -d' ' -f1,2 "$tmp"/accounts.* |
		tr ' ' '/'))"
	echo "loads by mode: $(tally <(cut -d' ' -f3 "$tmp"/accounts.*))"
	echo "loads that ended without one: $(tally <(cut -d' ' -f1 "$tmp"/ends.* \
		2>/dev/null)), longest end $(cut -d' ' -f2 "$tmp"/ends.* \
		2>/dev/null | sort -n | tail -n 1) ms"
	echo "steps: $step; faults: $(tally "$tmp/faults")"
	echo "failed over: $(counters failed_over), parked: $(counters \
		parked_total), held: $(counters held_total), refused:" \
		"$(counters refused), no path: $(counters no_path)," \
		"expired: $(counters expired), longest hold:" \
		"$(for h in "${target_head[@]}"; do
			cat "/sys/block/$h/passthru_held_max_ms"
		done | sort -n | tail -n 1) ms"
}

# tally <file>: how often each word
tally()
{
	sort "$1" | uniq -c | awk '{ printf "%s%s %d", s, $2, $1; s = ", " }'
}

begin 13
need_tools nvme fio setpci renice
need_qmp
echo on >/proc/sys/kernel/printk_devkmsg
mkfifo "$tmp/never"
exec 8<>"$tmp/never"
io_uring_is_ours=$(io_uring_patched && echo 1)
pcie_up
tcp_up
[ -e "/sys/block/$head/passthru_failover" ] ||
	give_up "the kernel has no passthru_failover"
delays_set
path_up
what_is_refused
pci_throttled
for s in tcp pcie; do
	use $s
	round_robin
done
ktap_print_msg "seed $SEED, $minutes min, lanes: $lanes," \
	"delayed_removal_secs $removal_delay"

record_up
torture_start=$(ms)
torture_end=$((torture_start + minutes * 60000))
lane_pid=()
block_up
lanes_up
# the loads leave little of a slow machine to the faults
renice -n -10 -p $$ >"$tmp/renice" || give_up "the actor got no priority"
calm
# on a slow machine it takes longer until something has happened
while [ ! -e "$tmp/stop" ] && { ! past "$torture_end" || [ "$step" -lt 10 ]; }; do
	for ((i = 0; i < group; i++)); do
		[ -e "$tmp/stop" ] || act
	done
	calm
done
[ -e "$tmp/stop" ] || commands_waited || make_them_wait
touch "$tmp/stop"
wait_for 120 all_ended "${lane_pid[@]}" || violation stuck "the last loads did not end" \
	$'\n'"$(lanes_stuck)"
ended "$fio" && touch "$tmp/bad.block"
fio_stop "$fio" || touch "$tmp/bad.block"
wait_for 30 no_head_has_waiters || violation parked "with no load any more"

print_plan
report | tee "$tmp/report" | sed 's/^/# torture: /'
check "each command was answered once" test ! -e "$tmp/bad.answers"
check "no command ended with an error that nothing explains" \
	test ! -e "$tmp/bad.errors"
check "all data is right and where it was answered" test ! -e "$tmp/bad.data"
check "no command was sent to another volume" holds_zeroes "$other_volume"
check "no append was executed twice" test ! -e "$tmp/bad.twice"
check "each load could run, and none crashed" test ! -e "$tmp/bad.run"
check "each process and ring ended in time" test ! -e "$tmp/bad.ends"
check "after each group of faults all paths were back, and all loads went on" \
	test ! -e "$tmp/bad.stuck"
check "nothing was parked or held when all was mended" \
	test ! -e "$tmp/bad.parked"
check "block I/O beside had no error and no wrong data" \
	test ! -e "$tmp/bad.block"
# a violation may have come before
check "commands failed over or waited for a path" eval \
	"commands_waited || compgen -G '$tmp/bad.*' >/dev/null"
for t in tcp zoned sized; do
	echo 0 >"/sys/block/${target_head[$t]}/delayed_removal_secs"
done
use tcp
check_nothing_left
check "the PCIe subsystem goes with its controllers" remove_pcie
finish
