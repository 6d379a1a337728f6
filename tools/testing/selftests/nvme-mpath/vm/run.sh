#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run tests of this directory, each in a VM of its own.
#
# Usage: run.sh [option]... <test or group>...
#	delay_01 is a test, delay a group of them
#  -k f	the bzImage; without it the newest build of the tree, with its modules
#  -m d	the modules of the kernel: the directory that modules_install makes
#  -s d	the installed selftests; without it those of the tree
#  -o d	where results go (/tmp/nvme-mpath-results)
#  -S	a kernel without the series: expect of each test one of the outcomes in
#	its line "# stock: "
#  -d	a debug kernel: more memory, longer limits
#  -w	a warning does not panic: KCSAN has some of the base's own
#  -x f	tests that this kernel cannot run, with the reasons: they are skipped
#  -j n	so many VMs at a time (1)
#  -p p	a program of this machine that the guest gets, too
#  -q p	a QEMU for tests with a line "# qemu: fdp", if the machine's own has no FDP
#  -i	no test but a shell in the guest, both topologies up
#  -l	no test but a list of those that the names mean
#
# Prints TAP, a line a test, and "N passed, N failed, N skipped". The output of a
# VM is in <directory>/<test>. The exit code is the gravest outcome:
# 0 pass, 1 fail, 2 harness error, 4 skip (all of them), 5 panic, 6 hang,
# 7 the VM went away without a verdict.
set -uo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=find.sh
. "$vm_dir/find.sh"

kernel='' selftests='' modules='' skips='' results=${TMPDIR:-/tmp}/nvme-mpath-results
stock=0 slow=1 memory=1024 debug=0 panic_on_warn=1 interactive=0 list=0 vms=1 programs=()
newer_qemu=''
while getopts k:s:m:x:o:j:p:q:Sdwil option; do
	case $option in
	k) kernel=$OPTARG ;;
	s) selftests=$OPTARG ;;
	m) modules=$OPTARG ;;
	x) skips=$OPTARG ;;
	o) results=$OPTARG ;;
	j) vms=$OPTARG ;;
	p) programs+=("$OPTARG") ;;
	q) newer_qemu=$OPTARG ;;
	S) stock=1 ;;
	d) debug=1 ;;
	w) panic_on_warn=0 ;;
	i) interactive=1 ;;
	l) list=1 ;;
	*) exit "$OUT_ERROR" ;;
	esac
done
shift $((OPTIND - 1))

# Names come first: a wrong one must not cost a build, nor a boot.
if [ "$list" = 1 ]; then
	test_names "${selftests:-$vm_dir/../..}/nvme-mpath" "$@"
	exit
fi
tree=series
[ "$stock" = 0 ] || tree=stock
[ -n "$kernel" ] || find_kernel "$tree" ||
	vm_error "no kernel of $tree in $find_top" "build one, or name one: -k"
[ -f "$kernel" ] || vm_error "no kernel image '$kernel'"
[ -n "$selftests" ] || find_selftests "$kernel" ||
	vm_error "no installed selftests in $find_top" \
		"install them, or name them: -s"
[ -d "$selftests/nvme-mpath" ] || vm_error "no installed selftests in '$selftests'"
[ -z "$modules" ] || [ -d "$modules" ] || vm_error "no modules in '$modules'"
[ "$debug" = 0 ] || slow=4 memory=2560
[ -z "$skips" ] || [ -f "$skips" ] || vm_error "no list of tests '$skips'"
[ -z "$newer_qemu" ] || [ -x "$newer_qemu" ] || vm_error "no QEMU '$newer_qemu'"
meant=$(test_names "$selftests/nvme-mpath" "$@") || exit
mapfile -t tests < <(printf '%s' "$meant")
[[ $vms =~ ^[1-9][0-9]?$ ]] || vm_error "-j takes a number of VMs, not '$vms'"
for tool in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static \
	cpio:cpio nvme:nvme-cli fio:fio setpci:pciutils modprobe:kmod \
	mkfs.ext4:e2fsprogs dmsetup:dmsetup rdma:iproute2 timeout:coreutils; do
	vm_need "${tool%:*}" "${tool#*:}"
done

# end_target: without a word to it
# shellcheck disable=SC2317
end_target()
{
	[ -z "$target_pid" ] ||
		{ kill "$target_pid" && wait "$target_pid"; } 2>/dev/null
	target_pid=''
}

# A VM dies with this script, however that ends. A shell of its own keeps each VM.
qemu_pid='' target_pid='' sockets='' keepers=()
# shellcheck disable=SC2317 # called by the traps
end_vm()
{
	# the pid of timeout, which passes the signal on, and insists after 2 s
	[ -z "$qemu_pid" ] || { kill "$qemu_pid" && wait "$qemu_pid"; } 2>/dev/null
	end_target
	[ -z "$sockets" ] || rm -rf "$sockets"
}
# shellcheck disable=SC2317
cleanup()
{
	end_vm
	[ ${#keepers[@]} -eq 0 ] ||
		{ kill "${keepers[@]}" && wait "${keepers[@]}"; } 2>/dev/null
	rm -f "$results"/*.cpio "$results"/.end-*
}
trap cleanup EXIT
trap 'echo "interrupted; the logs are in $results" >&2; exit 130' INT TERM HUP

mkdir -p "$results"
choose_accel "$kernel" "$results/kvm-probe.log"
[ "$accel_name" = kvm ] || slow=$((slow * 2))
make_initramfs "$results" "$selftests" "$modules" "${programs[@]}" ||
	vm_error "the initramfs could not be made"
cat "$results/base.cpio" "$results/fio.cpio" >"$results/with-fio.cpio"
echo "# accelerator: $accel_name"

args="console=ttyS0 panic=-1 oops=panic null_blk.nr_devices=0"
args+=" panic_on_warn=$panic_on_warn"
args+=" nvme_core.io_timeout=$((5 * slow)) loglevel=6 nvme_mpath.slow=$slow"
# one queue for polled rings, interrupts for all others
args+=" nvme.poll_queues=1"
# by default QEMU's firmware keeps the hot-plug of PCIe slots to itself
args+=" pcie_ports=native"
args+=" ${NVME_MPATH_APPEND:-}"
# what torture.sh is to do; its log of actions is in that of the kernel
for t in SEED MINUTES FAULTS LANES; do
	name=TORTURE_$t
	[ -z "${!name:-}" ] || args+=" nvme_mpath.torture.${t,,}=${!name}"
done
# the log is judged from the beginning of the test
if [ -n "${TORTURE_MINUTES:-}" ] || [ "$panic_on_warn" = 0 ]; then
	args+=" log_buf_len=16M"
else
	args+=" log_buf_len=2M"
fi

# test_limit <test>: seconds, from its line "# timeout: N"; kselftest's settings
# have one limit for all
test_limit()
{
	local t

	t=$(sed -n 's/^# timeout: //p' "$1")
	echo $((${t:-90} * slow + ${TORTURE_MINUTES:-0} * 60))
}

# start_order: the numbers of the tests, those that take minutes first where several VMs
# run, so that none is waited for alone at the end
start_order()
{
	local i script first=() rest=()

	for i in "${!tests[@]}"; do
		script=$selftests/nvme-mpath/${tests[i]}
		if [ "$vms" -gt 1 ] && [ -f "$script" ] &&
			[ "$(test_limit "$script")" -ge $((400 * slow)) ]; then
			first+=($((i + 1)))
		else
			rest+=($((i + 1)))
		fi
	done
	echo "${first[@]}" "${rest[@]}"
}

# stock_outcomes <test>: the words of its line "# stock: ". A word like "pass:7.3"
# counts for kernels since 7.3 only.
stock_outcomes()
{
	local release='' word line words=()

	[ -z "$modules" ] || release=$(ls "$modules")
	read -ra line < <(sed -n 's/^# stock: //p' "$1")
	for word in "${line[@]}"; do
		[[ $word != *:* ]] ||
			printf '%s\n' "${word#*:}" "$release" | sort -CV ||
			continue
		words+=("${word%:*}")
	done
	echo "${words[*]}"
}

# boot_target <directory> <seconds> <initramfs> <script>: another guest, which runs
# the script until it is ended. The first has a monitor of it, and may reset it.
# shellcheck disable=SC2054 # the commas are QEMU's
boot_target()
{
	local dir=$1 wires=$sockets limit=$2 sockets=$sockets/target qemu

	mkdir -p "$dir" "$sockets"
	rm -f "$dir"/ns?.img "$sockets/mon"
	qemu_command "$dir" "$kernel" "$3" \
		"$args nvme_mpath.test=$4 nvme_mpath.timeout=$limit"
	wires_of 2 "$wires" target host
	# -no-reboot is among the others; a monitor has one other end at a time
	qemu+=(-action reboot=reset -mon chardev=mon2,mode=control
		-chardev "socket,id=mon2,path=$sockets/mon,server=on,wait=off")
	timeout -k 2 "$limit" "${qemu[@]}" -serial "file:$dir/serial.log" \
		>"$dir/qemu.log" 2>&1 </dev/null &
	target_pid=$!
	for _ in {1..100}; do
		[ ! -S "$sockets/mon" ] || return 0
		sleep 0.1
	done
}

# boot <directory> <seconds> <initramfs> <more arguments> [script of a target]: QEMU's
# exit code
# shellcheck disable=SC2054 # the commas are QEMU's
boot()
{
	local dir=$1 limit=$2 qemu

	[ -z "${5:-}" ] || boot_target "$dir/target" "$limit" "$3" "$5"
	qemu_command "$dir" "$kernel" "$3" "$args $4"
	[ -z "${5:-}" ] || {
		wires_of 1 "$sockets" host target
		qemu+=(-chardev "socket,id=target,path=$sockets/target/mon" -device
			virtserialport,chardev=target,name=nvme-mpath.target)
	}
	printf '%q ' "${qemu[@]}" >"$dir/qemu.cmd"
	timeout -k 2 "$limit" "${qemu[@]}" -serial "file:$dir/serial.log" \
		>"$dir/qemu.log" 2>&1 </dev/null &
	qemu_pid=$!
	wait "$qemu_pid"
	qemu_code=$?
	qemu_pid=''
	echo "exit code $qemu_code" >>"$dir/qemu.log"
	end_target
}

# judge <directory>: the outcome, from the output of the verdict port. Without any
# output the end of the VM decides.
judge()
{
	local code

	code=$(tr -d '\r' <"$1/verdict" 2>/dev/null | sed -n 's/^end //p')
	# where a warning does not panic, there is nobody else to see it
	! grep -qsE 'Kernel panic|\] WARNING: ' "$1/target/serial.log" ||
		return "$OUT_PANIC"
	case $code in
	0) return "$OUT_PASS" ;;
	4) return "$OUT_SKIP" ;;
	?*) return "$OUT_FAIL" ;;
	esac
	! grep -q 'Kernel panic' "$1/serial.log" 2>/dev/null || return "$OUT_PANIC"
	[ "$qemu_code" -ne 124 ] && [ "$qemu_code" -ne 137 ] || return "$OUT_HANG"
	[ -s "$1/serial.log" ] || return "$OUT_ERROR"
	return "$OUT_LOST"
}

# boot_failed <directory>: on a busy host the emulated timer of the guest did not
# tick in time while Linux calibrated by it. The guest reports that, or only never
# reaches the test.
boot_failed()
{
	! grep -q '^begin ' "$1/verdict" 2>/dev/null ||
		grep -qE 'timer doesn.t work|APIC timer disabled due to verif' \
			"$1/serial.log"
}

# clock_wrong <directory>: for the same reason the clock of the guest went many
# times too fast, and so did the time limits of the test.
clock_wrong()
{
	grep -q 'PIT calibration deviates' "$1/serial.log"
}

# stale_code <directory>: while the kernel patches its code, it places breakpoints.
# An emulated processor may take one that is not there any more, and the kernel
# panics: of a real one the code would show the byte.
stale_code()
{
	local code

	# shellcheck disable=SC2154 # choose_accel sets it
	[ "$accel_name" != kvm ] && grep -q 'Oops: int3:' "$1/serial.log" ||
		return
	code=$(sed -n '/Oops: int3:/,$s/.*\] Code: //p' "$1/serial.log" | head -n 1)
	[[ $code = *' <'* && $code != *'cc <'* ]]
}

initramfs_for()
{
	if grep -qw fio "$1"; then
		echo "$results/with-fio.cpio"
	else
		echo "$results/base.cpio"
	fi
}

# impossible <name>: prints why this kernel cannot run the test, if it cannot
impossible()
{
	[ -z "$skips" ] || sed -n "s/^$1[[:space:]]\{1,\}//p" "$skips"
}

# run_test <test>: sets $outcome
run_test()
{
	local script=$selftests/nvme-mpath/$1 name dir limit try want again why target
	local qemu_code='' qemu_feature qemu_program=$qemu_program

	[ -f "$script" ] || script=$vm_dir/${1#vm/}
	name=$(basename "$1" .sh)
	dir=$results/$name
	rm -rf "$dir"
	mkdir -p "$dir"
	outcome=$OUT_ERROR
	[ -f "$script" ] || {
		echo "no test $1" >"$dir/qemu.log"
		return
	}
	why=$(impossible "$name")
	qemu_feature=$(sed -n 's/^# qemu: //p' "$script")
	[ -z "$qemu_feature" ] || choose_qemu "$qemu_feature" "$newer_qemu" ||
		why="no QEMU whose controllers have $qemu_feature (run.sh -q names one)"
	[ -z "$why" ] || {
		echo "1..0 # SKIP $why" >"$dir/verdict"
		outcome=$OUT_SKIP
		return
	}
	limit=$(test_limit "$script")
	want=$(stock_outcomes "$script")
	target=$(sed -n 's/^# target: //p' "$script")
	for try in 1 2 3; do
		rm -f "$dir"/ns?.img "$dir"/target/serial.log
		boot "$dir" $((limit + 15 * slow)) \
			"$(initramfs_for "$script")" \
			"nvme_mpath.test=$1 nvme_mpath.timeout=$limit" "$target"
		judge "$dir"
		outcome=$?
		case $outcome:$qemu_code in
		"$OUT_LOST":13[4-9])
			# a crash of QEMU itself says nothing about the guest
			again="QEMU crashed (exit code $qemu_code)"
			;;
		"$OUT_HANG":* | "$OUT_PANIC":*)
			if boot_failed "$dir"; then
				again="the guest has no timer"
			elif stale_code "$dir"; then
				again="the emulator ran code that was patched"
			else
				break
			fi
			;;
		"$OUT_FAIL":*)
			clock_wrong "$dir" || break
			again="the clock of the guest is wrong"
			;;
		"$OUT_PASS":*)
			# the kernel without the series loses this race only
			# now and then
			[[ $stock = 0 || " $want " == *" pass "* ]] && break
			again="passed without the series"
			;;
		*)
			break
			;;
		esac
		echo "# $name: $again, attempt $try of 3"
	done
	rm -f "$dir"/ns?.img "$dir"/target/ns?.img
}

# keep_test <n> <test>: run it in the background, leave its outcome in a file
keep_test()
{
	(
		trap end_vm EXIT
		trap 'exit 130' INT TERM HUP
		sockets=$(mktemp -d) keepers=()
		start=$SECONDS
		run_test "$2"
		echo "$outcome $((SECONDS - start))" >"$results/.end-$1"
	) &
	keepers[$1]=$!
}

# explain <directory>: the log of a test, as TAP diagnostics
explain()
{
	local dir=$1

	case $outcome in
	"$OUT_FAIL" | "$OUT_SKIP")
		grep -aE '^(not ok|Bail|# |1\.\.0)' "$dir/verdict" | tail -n 40 ;;
	"$OUT_ERROR")
		cat "$dir/qemu.log" ;;
	*)
		tail -n 5 "$dir/verdict"
		grep -aE -A 12 'BUG|WARNING|Oops|Kernel panic' "$dir/serial.log" |
			head -n 40
		grep -aE -A 12 'BUG|WARNING|Oops|Kernel panic' \
			"$1/target/serial.log" 2>/dev/null | head -n 40 ;;
	esac | tr -d '\r' | sed 's/^\(# \)*/#   /'
}

# With SKIP_ALLOWED=file a skip is a failure unless the file names the test, or
# -x did.
skip_allowed()
{
	[ -z "$(impossible "$1")" ] || return 0
	[ -z "${SKIP_ALLOWED:-}" ] || grep -qs "^$1[[:space:]]" "$SKIP_ALLOWED"
}

if [ "$interactive" = 1 ]; then
	dir=$results/shell
	mkdir -p "$dir"
	sockets=$(mktemp -d)
	qemu_command "$dir" "$kernel" "$results/with-fio.cpio" \
		"$args nvme_mpath.shell=1"
	echo "# Ctrl-A X ends QEMU, Ctrl-A C switches to its monitor"
	"${qemu[@]}" -chardev stdio,mux=on,id=con,signal=off \
		-serial chardev:con -mon chardev=con
	exit
fi

[ ${#tests[@]} -gt 0 ] || vm_error "no test given"
read -ra order < <(start_order)
echo "TAP version 13"
echo "1..${#tests[@]}"
n=0 passed=0 failed=0 skipped=0 gravest=0 started=0
for t in "${tests[@]}"; do
	# report in the order of the plan
	while [ "$started" -lt ${#tests[@]} ] && [ ! -f "$results/.end-$((n + 1))" ]; do
		if [ ${#keepers[@]} -ge "$vms" ]; then
			wait -n -p ended "${keepers[@]}"
			for i in "${!keepers[@]}"; do
				[ "${keepers[i]}" != "$ended" ] ||
					unset "keepers[i]"
			done
		else
			next=${order[started]}
			started=$((started + 1))
			keep_test "$next" "${tests[next - 1]}"
		fi
	done
	n=$((n + 1))
	[ ! -v "keepers[n]" ] || wait "${keepers[n]}"
	unset "keepers[n]"
	name=$(basename "$t" .sh)
	outcome=$OUT_ERROR took=0
	read -r outcome took <"$results/.end-$n" || outcome=$OUT_ERROR took=0
	word=${outcome_names[outcome]}
	if [ "$stock" = 1 ] && [ "$outcome" -ne "$OUT_ERROR" ]; then
		want=$(stock_outcomes "$selftests/nvme-mpath/$t")
		case " $want " in
		*" ${word,,} "*)
			name+=" without the series: ${word,,}, as expected"
			word=pass
			;;
		*)
			name+=" without the series: expected $want, got $word"
			word=FAIL
			;;
		esac
	fi
	case $word in
	pass)
		passed=$((passed + 1))
		echo "ok $n - $name ($took s)"
		;;
	skip)
		reason=$(sed -n 's/^1\.\.0 # SKIP //p' "$results/$name/verdict" |
			tr -d '\r')
		if skip_allowed "$name"; then
			skipped=$((skipped + 1))
			echo "ok $n - $name # SKIP ${reason:-no reason given}"
		else
			failed=$((failed + 1))
			[ "$gravest" -ne 0 ] || gravest=$OUT_FAIL
			echo "not ok $n - $name skipped: ${reason:-no reason given}"
		fi
		;;
	*)
		failed=$((failed + 1))
		[ "$outcome" -le "$gravest" ] || gravest=$outcome
		[ "$gravest" -ne 0 ] || gravest=$OUT_FAIL
		echo "not ok $n - $name ($word, $took s; see $results/$(basename "$t" .sh))"
		explain "$results/$(basename "$t" .sh)"
		;;
	esac
done
echo "# logs: $results"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -gt 0 ] || [ "$passed" -gt 0 ] || exit "$OUT_SKIP"
exit "$gravest"
