#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the unit tests of the series under User Mode Linux. Usage: kunit.sh <base>
#
# All is done as `kunit.py run` does it, in its three steps; but the build is
# the one of kernel.sh, which shows its progress and shares ccache's objects.
. "$(dirname "$0")/lib.sh"

load_base "${1:-}"
for tool in gcc:gcc make:make flex:flex bison:bison bc:bc ccache:ccache \
	python3:python3; do
	need "${tool%:*}" "${tool#*:}"
done
[ "$(uname -m)" = x86_64 ] || die "User Mode Linux needs an x86-64 machine"
# kunit.py handles Ctrl-C and returns as if all were well
trap 'exit 130' INT

"$top/scripts/tree.sh" "$base" series
tree=$base_dir/series
log=$tree/build-kunit.log
need_space "$tree" 1024
new_results kunit

# kunit <command> <argument>...
kunit()
{
	(cd "$tree" && exec python3 tools/testing/kunit/kunit.py "$@")
}

# what UML would build for nothing here: a tenth of all
without=()
for option in HID_SUPPORT HWMON INPUT_KEYBOARD INPUT_MOUSE SERIO SUSPEND \
	USB_SUPPORT; do
	without+=("--kconfig_add=CONFIG_$option=n")
done

exec 9>"$base_dir/.build-series-kunit.lock"
flock 9
msg "configuring the kernel of the unit tests of $base series"
kunit config --build_dir=build-kunit --kunitconfig=drivers/nvme/host/tests \
	--make_options="CC=ccache gcc" --make_options="HOSTCC=ccache gcc" \
	"${without[@]}" >"$log" 2>&1 || {
	tail -n 5 "$log" >&2
	die "the kernel could not be configured" "see $log"
}

msg "building it (log: ${log#"$top"/})"
start=$SECONDS
kernel_make series kunit ARCH=um linux 2>&1 | tee "$log" | progress || {
	grep -E -B2 -A8 'error:|Error [0-9]' "$log" | head -n 40 >&2
	die "the build failed" "see $log"
}
msg "built in $((SECONDS - start)) s"

# The verdict is that of the parser, which knows a crash from an end.
kunit exec --build_dir=build-kunit --raw_output=kunit \
	--kernel_args=uml_dir=build-kunit/ |
	tee -i "$results/kunit.tap"
code=0
kunit parse "$results/kunit.tap" >"$results/kunit.log" 2>&1 || code=$?
summary=$(grep 'Ran [0-9]* tests:' "$results/kunit.log") ||
	die "kunit.py gave no result" "see $results"

# count <outcome>...: their sum; the summary leaves out what is 0
count()
{
	local outcome sum=0

	for outcome in "$@"; do
		[[ ! $summary =~ $outcome:\ ([0-9]+) ]] ||
			sum=$((sum + BASH_REMATCH[1]))
	done
	echo "$sum"
}

passed=$(count passed)
failed=$(count failed crashed errors)
[ "$failed" -eq 0 ] || cp "$tree/build-kunit/test.log" "$results"
echo "$passed passed, $failed failed, $(count skipped) skipped"
[ "$code" -eq 0 ] && [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
