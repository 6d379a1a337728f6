#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
set -e

case $1 in
remove | deconfigure)
	/usr/lib/@name@/kernels remove
	;;
upgrade | failed-upgrade)
	/usr/lib/@name@/kernels upgrade
	;;
esac
! dkms status -m @name@ -v @version@ | grep . >/dev/null ||
	dkms remove -m @name@ -v @version@ --all
