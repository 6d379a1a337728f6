#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send reservation commands to the block device of a head while
# paths fail them, and while none is usable: they reach the target, or fail as the
# policy says. Targets of older kernels refuse them, which is an answer as well.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

PATH_FAILED=65536
EAGAIN=11 EIO=5 EINVAL=22 ETIME=62 ENOTTY=25

# pr <register|...>: prints the result
pr()
{
	./nvme_mpath_pr "/dev/$head" "$1" | sed 's/.* //'
}

# pr_start <register|...>: sets $pr
pr_start()
{
	./nvme_mpath_pr "/dev/$head" "$1" >"$tmp/pr" 2>&1 &
	pr=$!
	at_exit "kill -9 $pr"
}

# pr_ends <result>
pr_ends()
{
	wait_for 20 ended "$pr" || return
	wait "$pr"
	is "$1" "$(sed 's/.* //' "$tmp/pr")"
}

# answered <result>: by the target, one that knows reservations or another
answered()
{
	[ "$1" = 0 ] || [ "$1" = -$EINVAL ]
}

begin 17
need_tools nvme
reservations=1
can_inject
nvmet_up 2 0 -l 600
round_robin
answer=$(pr register)
ktap_print_msg "without a fault the answer to register is $answer"
check "without a fault register gets the answer of the target" \
	answered "$answer"

# provably not executed
inject_paths 0x303 1
check "a register that the target refused for its ANA state gets its answer" \
	is "$answer" "$(pr register)"
check "it failed over" test "$(count failed_over)" -ge 1
inject_no_paths
usable_paths

# may have been executed
refused=$(count refused)
inject_paths 0x371 1
check "a register that the host lost returns PR_STS_PATH_FAILED" \
	is "$PATH_FAILED" "$(pr register)"
check "passthru_refused counts it" count_is refused $((refused + 1))
inject_no_paths
report=$(pr report)
if [ "$report" = -$ENOTTY ]; then
	ktap_test_skip "no IOC_PR_READ_KEYS"
else
	inject_paths 0x371 1
	check "a report that the host lost gets the answer of the target" \
		is "$report" "$(pr report)"
	inject_no_paths
fi

no_usable_path inaccessible
pr_start register
check "without a usable path register waits" wait_for 10 count_is parked 1
kill -9 "$pr"
check "SIGKILL ends it" wait_for 10 ended "$pr"
check "it does not wait any more" wait_for 10 count_is parked 0
pr_start register
must 10 "a register that waits" count_is parked 1
check "a controller can be deleted meanwhile" \
	timeout $((20 * SLOW)) nvme disconnect -d "$(ctrl_of_port 1)"
ana optimized
check "register gets its answer when a path is usable" pr_ends "$answer"

no_usable_path inaccessible
wait_secs 1
check "passthru_wait_secs ends register with -ETIME" \
	is "-$ETIME" "$(pr register)"
wait_secs 0
policy none
check "none: without a usable path register returns -EAGAIN" \
	is "-$EAGAIN" "$(pr register)"
policy idempotent
pr_start register
must 10 "a register that waits" count_is parked 1
disconnect
check "register ends with -EIO when the last path goes" pr_ends "-$EIO"
check "the subsystem goes: no command pins the head" wait_for 10 subsys_gone

# each may be repeated by policy
ana optimized
connect_all
must 20 "head" find_head "$NVMET_NQN"
must 20 "two live paths" paths_live 2
policy all
inject_paths 0x371 1
check "all: a register that the host lost gets the answer of the target" \
	is "$answer" "$(pr register)"
inject_no_paths
check_works
finish
