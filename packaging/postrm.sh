#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
set -e

case $1 in
remove | purge)
	rm -rf /var/lib/@name@
	;;
esac
