#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Start a test: the next free number of its group, made from the template.
# Usage: new-test.sh <group>
. "$(dirname "$0")/lib.sh"

group=${1:-}
tests=$top/tools/testing/selftests/nvme-mpath
[[ $group =~ ^[a-z]+$ ]] ||
	die "G takes the name of a group, in lower case, not '$group'" \
		"make new-test G=park; there are: $(cd "$tests" &&
			printf '%s\n' test_*.sh |
			sed 's/^test_//; s/_[0-9]*\.sh$//' | sort -u | xargs)"

# a gap in the numbers is a test that is no more: its number is not used again
last=$(cd "$tests" && printf '%s\n' "test_${group}"_[0-9][0-9].sh |
	sed -n 's/.*_\([0-9][0-9]\)\.sh$/\1/p' | tail -n 1)
new=$(printf '%s_%02d' "$group" $((10#${last:-0} + 1)))
file=$tests/test_$new.sh
[ ! -e "$file" ] || die "$file exists"
cp "$tests/test.template" "$file"
chmod 755 "$file"

cat <<TEXT
${file#"$top"/} is there. It runs as it is. Now:
 1. its first sentence, its "# stock:" line, its fault and its checks;
    the template explains them: drop its comments when they have served
 2. make test T=$new
    must pass, and so must make test T=$new KERNEL=debug
 3. make test T=$new SERIES=0 EXPECT_STOCK=1
    must end as the "# stock:" line says
 4. shellcheck -x ${file#"$top"/}
TEXT
[ -n "$last" ] || echo "The group '$group' is new: no other test is in it yet."
