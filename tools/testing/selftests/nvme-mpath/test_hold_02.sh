#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will take commands from a PCIe controller by reset, removal and timeout:
# it has been disabled before, which proves that it cannot execute them late, so
# that no command is held. A controller that was pulled proves nothing: writes end
# with their path error, reads go on.
# stock: fail
# timeout: 200
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# in_flight <workload>: 16 commands, 8 of them unanswered by the first controller
in_flight()
{
	path=$(path_of_ctrl "$(pci_ctrl 0)")
	lose_answers "$path" 8
	refused=$(count refused)
	failed_over=$(count failed_over)
	io_start -n 64 -o "$1" --same-data "$ng"
	must 20 "8 commands without an answer" io_pending 8
	must 5 "8 answers lost" answers_lost
}

reset()
{
	echo 1 >"/sys/class/nvme/$(pci_ctrl 0)/reset_controller"
}

remove()
{
	echo 1 >"/sys/class/nvme/$(pci_ctrl 0)/device/remove"
	echo 1 >/sys/bus/pci/rescan
}

# time_out: the first expiry sends an Abort, the second resets the controller
time_out()
{
	echo 1000 >"/sys/block/$path/queue/io_timeout"
}

# pull: the card, without a word to the driver
pull()
{
	pci_pull 0
	must 60 "an empty slot" slot_empty 0
	pci_plug 0
}

# proven <fault>
proven()
{
	in_flight write
	"$1"
	check "$1: all 64 writes succeed" io_wait
	check "$1: the 8 in flight failed over" \
		count_is failed_over $((failed_over + 8))
	check "$1: none was held" count_is held_total 0
	must 60 "two live paths" paths_live 2
}

begin 15
need_qmp
need_tools nvme setpci
pci_head
round_robin
check "passthru_delayed_retry takes a number" delayed_retry 1000
# a removal waits so long for the commands in flight
set_file /sys/module/nvme_core/parameters/io_timeout 1

proven reset
proven remove
proven time_out

in_flight write
pull
io_wait
check "pull: the 8 writes in flight end with the host's path error" \
	is "0x371:8" "$(io_value errors)"
check "pull: 8 commands were refused" count_is refused $((refused + 8))
must 60 "two live paths" paths_live 2
in_flight read
pull
check "pull: all 64 reads succeed" io_wait
must 60 "two live paths" paths_live 2

delayed_retry cqt
held=$(count held_total)
in_flight write
pull
check "cqt: all 64 writes succeed, as the controller reports no time" io_wait
must 60 "two live paths" paths_live 2
check "cqt: none was held" count_is held_total "$held"
finish
