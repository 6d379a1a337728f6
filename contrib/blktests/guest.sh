#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will run the blktests case of this directory in the guest, as
# scripts/blktests.sh has put it there: blktests with its tools, and fio.
# stock: skip
# timeout: 300

cd /selftests/blktests || exit
# the guest has no udev that could be waited for
printf '#!/bin/bash\n' >/usr/bin/udevadm
chmod +x /usr/bin/udevadm
case=$(cat case)
./check -o /tmp/results "$case" >/tmp/check 2>&1
code=$?
cat /tmp/check
find /tmp/results -name "${case##*/}*" -type f | while read -r f; do
	sed "s,^,# ${f##*/}: ," "$f"
done
if grep -q '\[not run\]' /tmp/check; then
	echo "1..0 # SKIP $(sed -n 's/^    \([^ ].*\)/\1/p' /tmp/check | paste -sd';')"
	exit 4
fi
echo "1..1"
if [ "$code" = 0 ] && grep -q '\[passed\]' /tmp/check; then
	echo "ok 1 - blktests $case"
else
	echo "not ok 1 - blktests $case"
	exit 1
fi
