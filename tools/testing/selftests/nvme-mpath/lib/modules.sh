# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154 # lib.sh sources the files that set the variables
# Kernel modules.

# load_modules <module>...: silently; the next step of a test misses one that the
# kernel lacks
load_modules()
{
	local m

	for m in "$@"; do
		modprobe -q "$m" 2>/dev/null
	done
}

# unload <module>...: a built-in one cannot be, and counts as unloaded
unload()
{
	local m

	for m in "$@"; do
		[ ! -e "/sys/module/$m/refcnt" ] || wait_for 5 rmmod "$m" \
			2>"$tmp/rmmod" || {
			sed 's/^/# /' "$tmp/rmmod"
			return 1
		}
	done
}

# reload_host <Y|N>: the modules of the host, with or without multipath; a target
# with NVME_TARGET_PASSTHRU uses them, and comes back when a test sets it up
reload_host()
{
	local m

	[ -e /sys/module/nvme_core/refcnt ] || {
		echo "nvme_core is built in" >"$tmp/reload"
		return 1
	}
	for m in nvmet_tcp nvmet nvme nvme_tcp nvme_fabrics nvme_core; do
		[ ! -e "/sys/module/$m" ] ||
			wait_for 5 rmmod "$m" 2>"$tmp/reload" || return
	done
	modprobe nvme_core "multipath=$1" && modprobe -a nvme nvme-tcp
}

# module_refs <module>: 0 for one that is built in
module_refs()
{
	cat "/sys/module/$1/refcnt" 2>/dev/null || echo 0
}

module_refs_are()
{
	[ "$(module_refs "$1")" -eq "$2" ] || {
		ktap_print_msg "$1 has $(module_refs "$1") references"
		return 1
	}
}
