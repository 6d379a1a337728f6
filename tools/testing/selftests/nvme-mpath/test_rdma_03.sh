#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will let the timeout_ms of one command expire on a controller over RDMA
# that is being deleted. The other commands of its queue must not wait until the
# timeout of the driver, but are sent on the other path, and the controller goes.
# stock: fail hang skip
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

begin 5
need_tools nvme
transport='rdma'
expire_while_deleted
finish
