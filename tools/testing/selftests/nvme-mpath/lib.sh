# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The helpers of all tests.
#
# A test opens with begin <number of checks>, sets up a topology, makes a fault
# happen, shows by check that it did, judges the outcome, and ends with finish.
# A helper that makes something registers its removal with at_exit.

cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
# shellcheck disable=SC1091
. ../kselftest/ktap_helpers.sh

set -uo pipefail

# shellcheck source-path=SCRIPTDIR
# checks, the plan, the kernel log, waiting
# shellcheck source=lib/frame.sh
. ./lib/frame.sh
# kernel modules
# shellcheck source=lib/modules.sh
. ./lib/modules.sh
# heads, controllers and paths
# shellcheck source=lib/paths.sh
. ./lib/paths.sh
# TCP, RDMA or FC between host and target
# shellcheck source=lib/transport.sh
. ./lib/transport.sh
# a target in this machine: two or more paths
# shellcheck source=lib/nvmet.sh
. ./lib/nvmet.sh
# QEMU's controllers: two paths over PCIe, and a single one
# shellcheck source=lib/pcie.sh
. ./lib/pcie.sh
# a wire that can be cut, in front of the first port
# shellcheck source=lib/relay.sh
. ./lib/relay.sh
# another guest as the target
# shellcheck source=lib/wires.sh
. ./lib/wires.sh
# trace events: path errors, answers, the fate of commands
# shellcheck source=lib/trace.sh
. ./lib/trace.sh
# faults: ANA states, ports, resets, injected errors, commands held in flight
# shellcheck source=lib/faults.sh
. ./lib/faults.sh
# the failover policy of a head, and its counters
# shellcheck source=lib/policy.sh
. ./lib/policy.sh
# the delayed removal of a head
# shellcheck source=lib/delay.sh
. ./lib/delay.sh
# passthrough loads, and the verdict on them
# shellcheck source=lib/loads.sh
. ./lib/loads.sh
# allocations and copies that fail in the kernel
# shellcheck source=lib/shortage.sh
. ./lib/shortage.sh
# random commands, while paths come and go
# shellcheck source=lib/fuzz.sh
. ./lib/fuzz.sh
