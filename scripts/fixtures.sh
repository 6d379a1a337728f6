#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prove the harness: each outcome that a VM can have is produced on purpose,
# and has to be reported as what it is.
#
# Usage: fixtures.sh <directory> <run.sh option>...
. "$(dirname "$0")/lib.sh"

results=$1
shift
options=("$@")
# what a caller allows is not what is to be proved here
unset SKIP_ALLOWED
vm=$top/tools/testing/selftests/nvme-mpath/vm
mkdir -p "$results"

# outcome:exit code
expected=(pass:0 fail:1 skip:4 log:1 race:1 strangers:0 slow:1 panic:5 hang:6 lost:7
	target:5)
# guests that get three attempts: fixture:exit code:what the last one is to say
repeated=('timer:5:no timer, attempt 3 of 3'
	'int3:5:code that was patched, attempt 3 of 3'
	'clock:1:clock of the guest is wrong, attempt 3 of 3')
# make targets with a name that does not exist
wrong_names=("vm KERNEL=x" "vm BASE=x" "vm SERIES=x" "kernel KERNEL=x"
	"test KERNEL=x" "test BASE=x" "test T=x" "demo KERNEL=x")
n=0 passed=0 failed=0

# pid: name, of what runs; name: exit code, of what has ended
declare -A running=() codes=()

# What runs dies with this script: in the background it does not see Ctrl-C.
# shellcheck disable=SC2317 # called by the trap
cleanup()
{
	[ ${#running[@]} -eq 0 ] || { kill "${!running[@]}"; wait; } 2>/dev/null
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# wait_one: for the next to end
wait_one()
{
	local pid code=0

	wait -n -p pid "${!running[@]}" || code=$?
	codes[${running[$pid]}]=$code
	unset "running[$pid]"
}

# start <name> <command>...: in the background, as many at a time as there may be VMs
start()
{
	local name=$1

	shift
	while [ ${#running[@]} -ge "${VMS:-1}" ]; do
		wait_one
	done
	"$@" >"$results/$name.log" 2>&1 &
	running[$!]=$name
}

# vms <name> <argument of run.sh>...: starts run.sh, with results of its own
vms()
{
	local name=$1

	shift
	start "$name" "$vm/run.sh" "${options[@]}" -o "$results/$name" "$@"
}

# result <name> <description> <wanted exit code> [what its output is to say]: of what was
# started with that name
result()
{
	local code=${codes[$1]}

	n=$((n + 1))
	if [ "$code" -eq "$3" ] && grep -q "${4:-}" "$results/$1.log"; then
		passed=$((passed + 1))
		echo "ok $n - $2 exits with $3"
	else
		failed=$((failed + 1))
		echo "not ok $n - $2 exits with $code, not with $3${4:+, and to say $4}"
		sed 's/^/#   /' "$results/$1.log"
	fi
}

# wrong_name <word>...: refused before anything is unpacked: the directory for it is not
# even made
wrong_name()
{
	local code=0 unpacked

	unpacked=$results/unpacked-${*//[^a-zA-Z]/}
	env -u MAKEFLAGS -u BASE -u KERNEL -u SERIES -u T make -s -C "$top" DEPS=0 \
		OUT="$unpacked" "$@" || code=$?
	[ ! -e "$unpacked" ] || return 1
	return "$code"
}

echo "TAP version 13"
echo "1..$((${#expected[@]} + ${#repeated[@]} + 4 + ${#wrong_names[@]}))"

for e in "${repeated[@]%%:*}" "${expected[@]%:*}"; do
	vms "$e" "vm/fixtures/fixture_$e.sh"
done
SKIP_ALLOWED=/dev/null vms forbidden vm/fixtures/fixture_skip.sh
vms no-kernel -k /nonexistent vm/fixtures/fixture_pass.sh
vms no-test test_no_such_thing.sh
ACCEL=warp vms no-accel vm/fixtures/fixture_pass.sh
for words in "${wrong_names[@]}"; do
	read -ra arguments <<<"$words"
	start "make $words" wrong_name "${arguments[@]}"
done
while [ ${#running[@]} -gt 0 ]; do
	wait_one
done

for e in "${expected[@]}"; do
	result "${e%:*}" "a guest that is to end with '${e%:*}'" "${e#*:}"
done
for e in "${repeated[@]}"; do
	IFS=: read -r name code what <<<"$e"
	result "$name" "a guest that shows '$name' three times" "$code" "$what"
done
result forbidden "a skip that is not allowed" 1
result no-kernel "a run without a kernel" 2
result no-test "a test that does not exist" 2
result no-accel "an accelerator that does not exist" 2
for words in "${wrong_names[@]}"; do
	result "make $words" "make $words" 2 "error: unknown .*'.*x'"
done

echo "# harness fixtures: $passed passed, $failed failed"
[ "$failed" -eq 0 ] || die "the harness cannot be trusted" "see $results"
