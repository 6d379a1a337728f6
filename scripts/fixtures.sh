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
options=("$@" -o "$results")
# what a caller allows is not what is to be proved here
unset SKIP_ALLOWED
vm=$top/tools/testing/selftests/nvme-mpath/vm
mkdir -p "$results"

# outcome:exit code
expected=(pass:0 fail:1 skip:4 log:1 slow:1 panic:5 hang:6 lost:7 target:5)
# make targets with a name that does not exist
wrong_names=("vm KERNEL=x" "vm BASE=x" "vm SERIES=x" "kernel KERNEL=x"
	"test KERNEL=x" "test BASE=x" "test T=x" "demo KERNEL=x")
n=0 passed=0 failed=0

# result <description> <code> <wanted>
result()
{
	n=$((n + 1))
	if [ "$2" -eq "$3" ]; then
		passed=$((passed + 1))
		echo "ok $n - $1 exits with $3"
	else
		failed=$((failed + 1))
		echo "not ok $n - $1 exits with $2, not with $3"
		sed 's/^/#   /' "$results/log"
	fi
}

echo "TAP version 13"
echo "1..$((${#expected[@]} + 7 + ${#wrong_names[@]}))"
for e in "${expected[@]}"; do
	code=0
	"$vm/run.sh" "${options[@]}" "vm/fixtures/fixture_${e%:*}.sh" \
		>"$results/log" 2>&1 || code=$?
	result "a guest that is to end with '${e%:*}'" "$code" "${e#*:}"
done

code=0
"$vm/run.sh" "${options[@]}" vm/fixtures/fixture_timer.sh \
	>"$results/log" 2>&1 || code=$?
grep -q 'no timer, attempt 3 of 3' "$results/log" || code=1
result "a guest that has no timer at boot, three times," "$code" 5

code=0
"$vm/run.sh" "${options[@]}" vm/fixtures/fixture_int3.sh \
	>"$results/log" 2>&1 || code=$?
grep -q 'code that was patched, attempt 3 of 3' "$results/log" || code=1
result "a guest whose emulator takes a breakpoint that is gone, three times," "$code" 5

code=0
"$vm/run.sh" "${options[@]}" vm/fixtures/fixture_clock.sh \
	>"$results/log" 2>&1 || code=$?
grep -q 'clock of the guest is wrong, attempt 3 of 3' "$results/log" || code=2
result "a test that fails with a wrong clock, three times," "$code" 1

code=0
SKIP_ALLOWED=/dev/null "$vm/run.sh" "${options[@]}" \
	vm/fixtures/fixture_skip.sh >"$results/log" 2>&1 || code=$?
result "a skip that is not allowed" "$code" 1

code=0
"$vm/run.sh" "${options[@]}" -k /nonexistent vm/fixtures/fixture_pass.sh \
	>"$results/log" 2>&1 || code=$?
result "a run without a kernel" "$code" 2

code=0
"$vm/run.sh" "${options[@]}" test_no_such_thing.sh >"$results/log" 2>&1 ||
	code=$?
result "a test that does not exist" "$code" 2

code=0
ACCEL=warp "$vm/run.sh" "${options[@]}" vm/fixtures/fixture_pass.sh \
	>"$results/log" 2>&1 || code=$?
result "an accelerator that does not exist" "$code" 2

# refused before anything is unpacked: the directory for it is not even made
for words in "${wrong_names[@]}"; do
	code=0
	read -ra arguments <<<"$words"
	env -u MAKEFLAGS -u BASE -u KERNEL -u SERIES -u T make -s -C "$top" DEPS=0 \
		OUT="$results/unpacked" "${arguments[@]}" \
		>"$results/log" 2>&1 || code=$?
	[ ! -e "$results/unpacked" ] &&
		grep -q "error: unknown .*'.*x'" "$results/log" || code=1
	result "make $words" "$code" 2
done

echo "# harness fixtures: $passed passed, $failed failed"
[ "$failed" -eq 0 ] || die "the harness cannot be trusted" "see $results"
