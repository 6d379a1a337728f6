#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will overrule the policy of a head by the flags of commands, in both
# directions.
# stock: fail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# flying [option]...: eight commands that are held in flight
flying()
{
	held_load 8 -n 8 "$@" "$ng"
}

# errors_without_a_path: the commands end while the head has no path
errors_without_a_path()
{
	all_ports port_down
	wait_for 20 ended "$io" || return
	paths_live 0
}

# paths_back: and the account of the load
paths_back()
{
	release
	all_ports port_up
	must 20 "two paths" paths_live 2
	io_wait
}

begin 16
need_tools nvme
can_inject
nvmet_up 2 0 -l 600
path=$(path_of_ctrl "$(ctrl_of_port 1)")

policy all
inject "$path" 0x371 5
io_start -n 40 -q 8 --flags failfast "$ng"
io_wait
inject_none "$path"
check "FAILFAST under policy all: the application sees all 5 path errors" \
	is "0x371:5" "$(io_value errors)"

inject "$path" 0x4371 5
io_start -n 40 -q 8 --flags failover "$ng"
io_wait
inject_none "$path"
check "FAILOVER: 5 path errors that must not be retried (DNR) end their commands" \
	is "0x4371:5" "$(io_value errors)"

flying --flags failfast
reset_all
check "FAILFAST: a reset ends commands that the target still has" \
	wait_for 20 ended "$io"
release
io_wait
check "FAILFAST: a reset ends commands with -EINTR, as the unpatched kernel does" \
	is "-4:8" "$(io_value errors)"

flying --flags failfast
check "FAILFAST: the loss of all paths ends commands while no path is there" \
	errors_without_a_path
paths_back
failfast=$(io_value errors)
policy none
flying
check "policy none: the loss of all paths ends commands while no path is there" \
	errors_without_a_path
paths_back
policy all
check "FAILFAST: lost commands end with the same errors as under policy none" \
	is "$(io_value errors)" "$failfast"

no_usable_path change
io_start -n 16 --flags failfast "$ng"
io_wait
check "FAILFAST: commands without a usable path end with -EIO" \
	is "-5:16" "$(io_value errors)"
usable_paths

for p in idempotent none; do
	policy $p
	target_answers 0x6001
	inject "$path" 0x371 20
	io_start -n 40 --opcode 0x81 --flags failover "$ng"
	io_wait
	check "FAILOVER under $p: vendor commands get the answer of the target" \
		is "0x6001:40" "$(io_value errors)"
	check "FAILOVER under $p: the target saw 40 vendor commands and 20 retries" \
		is 60 "$(target_answered)"
	inject_none "$path"
done

policy idempotent
io_start -n 16 --flags both "$ng"
io_wait
check "a head: both flags together are refused with -EINVAL" \
	is "-22:16" "$(io_value errors)"

pci_single
io_start -n 16 --flags failover "$ng"
check "a path's own node: commands with FAILOVER succeed" io_wait
io_start -n 16 --flags failfast "$ng"
check "a path's own node: commands with FAILFAST succeed" io_wait
io_start -n 16 --flags both "$ng"
io_wait
check "a path's own node: both flags together are refused with -EINVAL" \
	is "-22:16" "$(io_value errors)"
finish
