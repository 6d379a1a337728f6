#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the blktests case of contrib/blktests in a VM, by a copy of a checkout of
# blktests. Usage: blktests.sh <base> stock|series plain|debug|distro <checkout>
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/patches.sh"
. "$(dirname "$0")/distro.sh"

load_base "${1:-}"
name=${2:-series}
kernel=${3:-plain}
checkout=${4:-}
case_dir=$top/contrib/blktests

# the tools that blktests takes from the system; the guest's own are busybox's
tools=(awk basename cat column cut date diff dirname dmesg find findmnt getconf
	getopt grep head id logger losetup mkdir mktemp modinfo nproc paste readlink
	realpath rm sed seq sleep sort stat tail tee touch tr truncate uniq wc)

# A wrong name must not cost minutes for a kernel.
check_kernel "$name" "$kernel" distro
[ -n "$checkout" ] ||
	die "BLKTESTS is not set" "say BLKTESTS=/path/to/a/checkout of blktests"
for f in check common/rc tests/nvme/rc; do
	[ -f "$checkout/$f" ] ||
		die "BLKTESTS='$checkout' is no checkout of blktests: it has no $f"
done
# all but these packages are essential
for tool in "${tools[@]}"; do
	case $tool in
	column) need "$tool" bsdextrautils ;;
	losetup) need "$tool" mount ;;
	modinfo) need "$tool" kmod ;;
	*) need "$tool" "of Debian's essential packages" ;;
	esac
done

# next_number: of the nvme group, as blktests' own script for new tests chooses it
next_number()
{
	local last

	last=$(cd "$checkout/tests/nvme" && printf '%s\n' [0-9][0-9][0-9] | tail -n 1)
	printf '%03d\n' $((10#$last + 1))
}

# put_blktests <directory>: a copy of the checkout, with the case and a configuration
put_blktests()
{
	local dir=$1 number

	number=$(next_number)
	rm -rf "$dir"
	mkdir "$dir"
	tar -C "$checkout" --exclude=./.git --exclude=./results -c . | tar -C "$dir" -x
	cp "$case_dir/passthru-failover" "$dir/tests/nvme/$number"
	sed "s/NNN/$number/" "$case_dir/passthru-failover.out" \
		>"$dir/tests/nvme/$number.out"
	{
		echo "NVMET_TRTYPES='${NVMET_TRTYPES:-tcp}'"
		echo "NVME_IMG_SIZE=16M"
		[ -z "${TIMEOUT:-}" ] || echo "TIMEOUT=$TIMEOUT"
	} >"$dir/config"
	echo "nvme/$number" >"$dir/case"
}

prepare "$name" "$kernel"
new_results "blktests-$name-$kernel"
cp -a "$installed" "$results/selftests"
put_blktests "$results/selftests/blktests"
cp "$case_dir/guest.sh" "$results/selftests/nvme-mpath/blktests.sh"

for tool in "${tools[@]}"; do
	vm_options+=(-p "$tool")
done
[ "$name" = series ] || vm_options+=(-S)
msg "blktests $(cat "$results/selftests/blktests/case") on $base $name $kernel${kver:+ ($kver)}"
code=0
"$vm/run.sh" "${vm_options[@]}" -s "$results/selftests" -o "$results" \
	-k "$image" ./blktests.sh || code=$?
rm -rf "$results/selftests"
tr -d '\r' <"$results/blktests/verdict" | grep -E '^(nvme/|    |1\.\.0|not ok)' || :
exit "$code"
