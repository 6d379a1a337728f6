#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
set -e

case $1 in
configure)
	dkms status -m @name@ -v @version@ | grep . >/dev/null ||
		dkms add -m @name@ -v @version@
	/usr/lib/@name@/kernels all
	;;
triggered)
	# linux-source is there, which kernels may have been waiting for
	/usr/lib/@name@/kernels all
	;;
esac
