#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will kill a cgroup whose tasks have parked commands, in rings of every
# mode and in ioctls, while no path is usable: all of them are gone.
# stock: fail skip
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

cgroups=$tmp/cgroup
group=$cgroups/victims

# victim <commands> [nvme_mpath_io option]...: it and all its threads are in the
# cgroup before they send something
victim()
{
	local n=$1

	shift
	io_start -n "$n" -q "$n" --patience 600 -o rw --wait-for-usr2 "$@" "$ng"
	echo "$io" >"$group/cgroup.procs" || give_up "no task in the cgroup"
	# without a word from the shell when it is killed
	disown "$io"
	kill -USR2 "$io"
	victims=$((victims + 1))
}

empty()
{
	grep -q '^populated 0$' "$group/cgroup.events"
}

# kill_group <what> <parked commands>
kill_group()
{
	local what=$1 start

	must 20 "$2 parked commands" are_parked "$2"
	start=$(ms)
	echo 1 >"$group/cgroup.kill"
	check "$what: the killed cgroup is empty, without a path" wait_for 10 empty
	ktap_print_msg "$what: $victims tasks, $2 commands, $(($(ms) - start)) ms"
	check "$what: no command is parked any more" count_is parked 0
	victims=0
}

begin 6
need_tools nvme
mkdir "$cgroups"
mount -t cgroup2 none "$cgroups" 2>"$tmp/mount" ||
	skip_all "no cgroup2 (CONFIG_CGROUPS)"
at_exit "umount $cgroups"
mkdir "$group"
at_exit "rmdir $group"
[ -w "$group/cgroup.kill" ] || skip_all "no cgroup.kill"
nvmet_up 2 0 -l 600
no_usable_path inaccessible

victims=0
modes=(coop defer sqpoll iopoll "sqpoll,iopoll" "defer,iopoll" async "file,ring")
for mode in "${modes[@]}"; do
	victim 16 --mode "$mode"
done
victim 4 --engine io64
victim 4 --engine vec
kill_group "every kind of task" $((${#modes[@]} * 16 + 2))

for _ in 1 2 3 4 5 6 7 8; do
	victim 128 --mode defer
done
kill_group "many commands" 1024

usable_paths
check_works
check_nothing_left
finish
