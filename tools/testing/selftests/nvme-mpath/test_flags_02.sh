#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will overrule the policy of a head by the flags of commands, in
# both directions.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

io_fails()
{
	io_report && [ "$(io_value failed)" -gt 0 ]
}

# error_after [option]...: sets $took, ms from the resets to the first error
error_after()
{
	local c start resets=()

	io_start -t 600 -q 8 "$@" "$ng"
	must 10 "load" io_busy
	start=$(ms)
	for c in $(ctrls); do
		echo 1 >"/sys/class/nvme/$c/reset_controller" &
		resets+=($!)
	done
	must 20 "an error" io_fails
	took=$(($(ms) - start))
	wait "${resets[@]}"
	must 10 "two paths" paths_live 2
	io_stop
}

begin 14
need_tools nvme
nvmet_up 2 200
path=$(path_of_ctrl "$(ctrl_of_port 1)")

policy all
inject "$path" 0x371 5
io_start -n 40 -q 8 -F failfast "$ng"
io_wait
inject_none "$path"
check "failfast under all: path errors are handed on" \
	is "0x371:5" "$(io_value errors)"

io_start -t 600 -q 8 -F failfast "$ng"
must 10 "load" io_busy
for c in $(ctrls); do
	echo 1 >"/sys/class/nvme/$c/reset_controller"
	must 10 "two paths" paths_live 2
done
io_stop
check "failfast: a reset is seen, as by the unpatched kernel" \
	test "$io_status" = 1
check "as -EINTR, and nothing else" io_errors_only -4

error_after -F failfast
failfast=$took
policy none
error_after
policy all
ktap_print_msg "the first error: failfast $failfast ms, none $took ms"
check "failfast: it is seen as soon as under none" \
	test "$failfast" -lt $((2 * took + 500))

ana change
must 10 "no usable path" ana_seen change
io_start -n 16 -p 5 -F failfast "$ng"
io_wait
check "failfast: does not wait for a path" is "-5:16" "$(io_value errors)"
ana optimized
must 10 "usable paths" ana_seen optimized

for p in idempotent none; do
	policy $p
	target_answers 0x6001
	inject "$path" 0x371 20
	io_start -n 40 -O 0x81 -F failover "$ng"
	io_wait
	check "failover under $p: vendor commands survive" \
		is "0x6001:40" "$(io_value errors)"
	check "as they were sent again" is 60 "$(target_answered)"
	inject_none "$path"
done

policy idempotent
io_start -n 16 -p 5 -F both "$ng"
io_wait
check "both flags: EINVAL" is "-22:16" "$(io_value errors)"

pci_single
io_start -n 16 -F failover "$ng"
check "failover on a path's own node: no effect" io_wait
io_start -n 16 -F failfast "$ng"
check "failfast on a path's own node: no effect" io_wait
io_start -n 16 -p 5 -F both "$ng"
io_wait
check "both on a path's own node: EINVAL" is "-22:16" "$(io_value errors)"
inject "$head" 0x371 4
io_start -n 16 -F failover "$ng"
io_wait
check "failover there does not resend" is "0x371:4" "$(io_value errors)"
finish
