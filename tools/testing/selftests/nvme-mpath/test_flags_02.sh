#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will overrule the policy of a head by the flags of commands, in
# both directions.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# flying [option]...: eight commands that are held in flight
flying()
{
	hold
	io_start -n 8 -q 8 "$@" "$ng"
	must 20 "8 commands in flight" io_stuck 8
}

# errors_without_a_path: they come while no path is there, nor comes back
errors_without_a_path()
{
	port_down 1
	port_down 2
	wait_for 20 ended "$io" || return
	paths_live 0
}

# paths_back: and the account is read
paths_back()
{
	release
	port_up 1
	port_up 2
	must 20 "two paths" paths_live 2
	io_wait
}

begin 16
need_tools nvme
nvmet_up 2 0 -l 60
path=$(path_of_ctrl "$(ctrl_of_port 1)")

policy all
inject "$path" 0x371 5
io_start -n 40 -q 8 --flags failfast "$ng"
io_wait
inject_none "$path"
check "failfast under all: path errors are handed on" \
	is "0x371:5" "$(io_value errors)"

flying --flags failfast
reset_all
check "failfast: a reset is seen while the target has the commands" \
	wait_for 20 ended "$io"
release
io_wait
check "as -EINTR, as by the unpatched kernel" is "-4:8" "$(io_value errors)"

flying --flags failfast
check "failfast: the loss of all paths is seen with none in sight" \
	errors_without_a_path
paths_back
failfast=$(io_value errors)
policy none
flying
check "none: so it is there" errors_without_a_path
paths_back
policy all
check "failfast: the errors are those under none" \
	is "$(io_value errors)" "$failfast"

ana change
must 10 "no usable path" ana_seen change
io_start -n 16 --flags failfast "$ng"
io_wait
check "failfast: does not wait for a path" is "-5:16" "$(io_value errors)"
ana optimized
must 10 "usable paths" ana_seen optimized

for p in idempotent none; do
	policy $p
	target_answers 0x6001
	inject "$path" 0x371 20
	io_start -n 40 --opcode 0x81 --flags failover "$ng"
	io_wait
	check "failover under $p: vendor commands survive" \
		is "0x6001:40" "$(io_value errors)"
	check "as they were sent again" is 60 "$(target_answered)"
	inject_none "$path"
done

policy idempotent
io_start -n 16 --flags both "$ng"
io_wait
check "both flags: EINVAL" is "-22:16" "$(io_value errors)"

pci_single
io_start -n 16 --flags failover "$ng"
check "failover on a path's own node: no effect" io_wait
io_start -n 16 --flags failfast "$ng"
check "failfast on a path's own node: no effect" io_wait
io_start -n 16 --flags both "$ng"
io_wait
check "both on a path's own node: EINVAL" is "-22:16" "$(io_value errors)"
inject "$head" 0x371 4
io_start -n 16 --flags failover "$ng"
io_wait
check "failover there does not resend" is "0x371:4" "$(io_value errors)"
finish
