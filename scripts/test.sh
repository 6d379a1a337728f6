#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build, then run the tests in VMs.
#
# Usage: test.sh <base> stock|series plain|debug|single [test]...
#
# Without a test: first the fixtures that prove the harness (FIXTURES=0: not),
# then all tests. A test is named as failover_01 or test_failover_01.sh.
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
name=${2:-series}
kernel=${3:-plain}
shift 3

# Names are checked before minutes are spent on a kernel.
check_word KERNEL "$kernel" plain debug single
tests=()
for t in "$@"; do
	t=test_${t#test_}
	t=${t%.sh}.sh
	[ -f "$vm/../$t" ] ||
		die "unknown T '$t'" "there are: $(cd "$vm/.." &&
			echo test_*.sh | sed 's/test_//g; s/\.sh//g')"
	tests+=("$t")
done

prepare "$name" "$kernel"
new_results "$name-$kernel"
cp "$base_dir/$name/build-$kernel/.config" "$results/kernel.config"

if [ ${#tests[@]} -eq 0 ]; then
	mapfile -t tests < <(cd "$installed/nvme-mpath" && ls test_*.sh)
	[ "${FIXTURES:-1}" = 0 ] || "$top/scripts/fixtures.sh" \
		"$results/fixtures" -k "$image" -s "$installed" \
		"${vm_options[@]}"
fi
[ "${EXPECT_STOCK:-0}" = 0 ] || vm_options+=(-S)
vm_options+=(-j "${VMS:-1}")
msg "testing $base $name $kernel: ${#tests[@]} tests, a VM each"
exec "$vm/run.sh" "${vm_options[@]}" -s "$installed" -o "$results" \
	-k "$image" "${tests[@]}"
