#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will send commands of each core kind to a head with two paths over
# RDMA, while these are reset, change their ANA state, go and come back, and
# print a verdict for each kind under each fault.
# 6.12 polls for requests that are gone: without end, or with a panic in nvme-rdma.
# stock: fail hang panic skip
# timeout: 300
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh
# shellcheck source-path=SCRIPTDIR source=core.sh
. ./core.sh

begin $core_checks
need_tools nvme fio
transport='rdma'
core_matrix 2 -l 600 -P 1
finish
