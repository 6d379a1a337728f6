#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build, then run the tests in VMs.
#
# Usage: test.sh <base> stock|series plain|debug|kcsan|single|distro [test or group]...
#
# Without a name: first the fixtures that prove the harness (FIXTURES=0: not; with names
# FIXTURES=1: these, too), then all tests. failover_01 is a test, failover a group of them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"
. "$(dirname "$0")/distro.sh"

load_base "${1:-}"
name=${2:-series}
kernel=${3:-plain}
shift 3

# A wrong name must not cost minutes for a kernel.
check_kernel "$name" "$kernel" distro
names=()
for t in "$@"; do
	# do the distribution's other drivers load beside NVMe's modules?
	[ "$name-$kernel-$t" = series-distro-collateral ] || names+=("$t")
done
tests=()
if [ $# -eq 0 ] || [ ${#names[@]} -gt 0 ]; then
	meant=$("$vm/run.sh" -l "${names[@]}") ||
		die "T takes tests and groups, not '$*'"
	mapfile -t tests < <(printf '%s' "$meant")
fi
[ ${#names[@]} -eq $# ] || tests+=(vm/collateral.sh)

fixtures=${FIXTURES:-$(($# == 0))}

prepare "$name" "$kernel"
new_results "$name-$kernel"
cp "$kernel_config" "$results/kernel.config"

if [ ${#tests[@]} -eq 0 ]; then
	mapfile -t tests < <(cd "$installed/nvme-mpath" && ls test_*.sh)
	[ "$name-$kernel" != series-distro ] || tests+=(vm/collateral.sh)
fi
# A test may need more than the QEMU of this machine has. If there is no other one,
# run.sh skips it.
if (cd "$installed/nvme-mpath" && grep -sq '^# qemu: ' "${tests[@]}"); then
	newer=$("$top/scripts/qemu.sh") || newer=''
	[ -z "$newer" ] || vm_options+=(-q "$newer")
fi
[ "$fixtures" = 0 ] || "$top/scripts/fixtures.sh" "$results/fixtures" \
	-k "$image" -s "$installed" "${vm_options[@]}"
[ "${EXPECT_STOCK:-0}" = 0 ] || vm_options+=(-S)
vm_options+=(-j "${VMS:-1}")
msg "testing $base $name $kernel${kver:+ ($kver)}: ${#tests[@]} tests, a VM each"
exec "$vm/run.sh" "${vm_options[@]}" -s "$installed" -o "$results" \
	-k "$image" "${tests[@]}"
