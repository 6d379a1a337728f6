# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # vm/lib.sh sets vm_dir
# run.sh: the tests that its arguments mean, a kernel and selftests of this tree.

# The top of the kernel tree, or of the repo that has out/ with such trees.
find_top=$(cd "$vm_dir/../../../../.." && pwd)

# test_names <directory> [word]...: prints the tests there that the words mean, one
# a line, each once. delay is a group, delay_01 one test, test_delay_01.sh as well.
# A word with a slash is a path, and stays as it is.
test_names()
{
	local dir=$1 word name names=() seen=" "

	shift
	for word in "$@"; do
		name=${word#test_}
		name=${name%.sh}
		if [[ $word == */* ]]; then
			names+=("$word")
		elif [ -f "$dir/test_$name.sh" ]; then
			names+=("test_$name.sh")
		elif compgen -G "$dir/test_${name}_[0-9][0-9].sh" >/dev/null; then
			mapfile -t -O ${#names[@]} names < <(cd "$dir" &&
				printf '%s\n' test_"${name}"_[0-9][0-9].sh)
		else
			unknown_test "$dir" "$word"
		fi
	done
	for name in "${names[@]}"; do
		[[ $seen == *" $name "* ]] || echo "$name"
		seen+="$name "
	done
}

# unknown_test <directory> <word>: names the groups, with their tests
unknown_test()
{
	local dir=$1 word=$2

	vm_error "unknown test or group '$word'; there are:" "$(cd "$dir" &&
		printf '%s\n' test_*.sh | sed 's/^test_//; s/\.sh$//' |
		awk -F_ '{ if ($1 != last) printf "%s  %-10s", sep, $1
			printf " %s", $0; last = $1; sep = "\n" }')"
}

# newest <file>...: of those that exist
newest()
{
	local f newest=''

	for f in "$@"; do
		[ -e "$f" ] || continue
		[[ -n $newest && $f -ot $newest ]] || newest=$f
	done
	[ -n "$newest" ] && echo "$newest"
}

# find_kernel <stock|series>: sets kernel, debug and panic_on_warn, and modules unless
# named. In the repo the newest build of out/; in a kernel tree the newest one of it.
find_kernel()
{
	local build

	kernel=$(newest "$find_top"/out/*/"$1"/build-*/arch/x86/boot/bzImage \
		"$find_top"/{,build*/}arch/x86/boot/bzImage) || return
	build=${kernel%/arch/x86/boot/bzImage}
	[ -n "$modules" ] || modules=$(newest "$build/install/lib/modules" \
		"$find_top/modules/lib/modules")
	# shellcheck disable=SC2034 # for run.sh
	case $build in
	*/build-debug) debug=1 ;;
	*/build-kcsan) debug=1 panic_on_warn=0 ;;
	esac
	echo "# kernel: $kernel"
}

# find_selftests <kernel>: sets selftests, of the base of that kernel or of the
# tree; tells how many scripts differ from the sources
find_selftests()
{
	local base=$find_top image f differ=()

	image=$(realpath "$1")
	[[ $image != "$find_top"/out/*/build-* ]] || base=${image%/*/build-*}
	selftests=$(newest "$base/selftests" "${find_top%/*}/selftests" \
		"$find_top/kselftest" \
		"$find_top/tools/testing/selftests/kselftest_install") || return
	echo "# selftests: $selftests"
	for f in "$vm_dir"/../*.sh "$vm_dir"/../lib/*.sh; do
		f=${f#"$vm_dir/../"}
		cmp -s "$vm_dir/../$f" "$selftests/nvme-mpath/$f" ||
			differ+=("$f")
	done
	[ ${#differ[@]} -eq 0 ] ||
		echo "# not as in the sources: ${#differ[@]}, such as ${differ[0]}"
}
