#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Not a test of the series: the distribution's drivers that use exports of NVMe's
# modules load beside modules that were built with the series.
# timeout: 120
cd "$(dirname "$0")/.." || exit
# shellcheck source-path=SCRIPTDIR/.. source=lib.sh
. ./lib.sh

# held_by <module> <module>: does the second one use the first?
held_by()
{
	[ -e "/sys/module/$1/holders/$2" ]
}

# refused: how many symbols of modules the kernel did not take
refused()
{
	log_since_begin | grep -cE "disagrees about version|Unknown symbol"
}

begin 8
check "nvme_core is that of the series" \
	test -e /sys/module/nvme_core/parameters/passthru_failover
for driver in lpfc qla2xxx tcm_qla2xxx; do
	check "$driver loads" modprobe "$driver"
done
check "lpfc uses nvme-fc" held_by nvme_fc lpfc
check "lpfc uses nvmet-fc" held_by nvmet_fc lpfc
check "qla2xxx uses nvme-fc" held_by nvme_fc qla2xxx
check "no symbol was refused" is 0 "$(refused)"
finish
