#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will run the example program of the documentation while its paths are
# lost: its FAILFAST command fails at once, all others succeed, whatever the policy.
# Without a usable path they wait, and end as the program says.
# stock: fail
# timeout: 120
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# example <seconds>: starts it; sets $example
example()
{
	./passthru_example "$ng" 0 "$1" >"$tmp/example" 2>&1 &
	example=$!
	at_exit "kill -9 $example"
}

# example_ends <code>: with it
example_ends()
{
	local code

	wait_for 30 ended "$example" || return
	wait "$example"
	code=$?
	sed 's/^/# /' "$tmp/example"
	is "$1" "$code"
}

# says <n> <text>: in so many lines
says()
{
	is "$1" "$(grep -c -e "$2" "$tmp/example")"
}

begin 14
need_tools nvme
nvmet_up 2 0 -l 600

example 30
check "two paths: the example ends with success" example_ends 0
check "two paths: its FAILFAST read succeeds" says 1 '^failfast read 0: 0 '

# each loss finds commands in flight: the target holds them
policy none
ana inaccessible 2
must 20 "one usable path" ana_seen inaccessible "$(ctrl_of_port 2)"
trace_sent
hold
example 600
must 20 "the FAILFAST read in flight" sent 1
ana optimized 2
must 20 "two usable paths" ana_seen optimized "$(ctrl_of_port 2)"
port_down 1
must 20 "16 writes in flight" sent 17
no_trace_sent
port_up 1
must 60 "two live paths" paths_live 2
trace_path_errors
port_down 2
must 20 "16 writes lost" saw_path_errors 16
release
check "with both paths lost in turn the example ends with success" example_ends 0
check "the FAILFAST read, lost with its path, was not sent again" \
	says 1 '^failfast read 0: -4 .* was not sent again'
check "all 16 writes succeed, although the policy is none" says 16 '^write .*: 0 '
check "all 16 reads succeed" says 16 '^read .*: 0 '

port_up 2
must 60 "two live paths" paths_live 2
no_usable_path inaccessible
wait_secs 1
example 600
check "no usable path: the example reports failures" example_ends 1
check "no usable path: the FAILFAST read ends with -EIO" says 1 '^failfast read 0: -5 '
check "all 32 commands end with -ETIME after passthru_wait_secs" says 32 ': -62 '
wait_secs 0
if io_uring_patched; then
	example 1
	check "without passthru_wait_secs it reports failures, too" example_ends 1
	check "all 32 commands end with -ECANCELED by their timeout" \
		says 32 ': -125 '
else
	for _ in 1 2; do
		ktap_test_skip "the kernel itself is not patched: no timeout ends a wait"
	done
fi

usable_paths
example 30
check "paths are usable again: the example ends with success" example_ends 0
check "it reports no failed command" says 1 '^0 of 32 commands failed'
check_works
finish
