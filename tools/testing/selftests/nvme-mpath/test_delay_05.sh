#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will unplug both PCIe controllers of a head for 5 s: first by a
# request to the guest, under verified loads of passthrough and of a file system
# on a partition; then by surprise, under passthrough.
# stock: fail
# timeout: 180
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

mnt=$tmp/mnt

# partition_up: 40 MiB for a file system; passthrough uses the blocks behind it
first=90112
partition_up()
{
	printf 'o\nn\np\n1\n2048\n83967\nw\n' | fdisk "/dev/$head" \
		>"$tmp/fdisk" 2>&1
	wait_for 5 test -b "/dev/${head}p1" || return
	mkfs.ext4 -q -F "/dev/${head}p1" >"$tmp/mkfs" 2>&1 || return
	mkdir -p "$mnt"
	mount -t ext4 -o errors=remount-ro "/dev/${head}p1" "$mnt" || return
	at_exit "umount $mnt"
}

# files: writes and syncs files until the file $tmp/stop is there
files()
{
	local n=0

	while [ ! -e "$tmp/stop" ]; do
		n=$((n + 1))
		dd if=/dev/urandom of="$mnt/$((n % 50))" bs=16k count=4 \
			conv=fsync 2>>"$tmp/dd" || return
		echo "$n" >"$tmp/files"
	done
}

files_written()
{
	[ "$(cat "$tmp/files" 2>/dev/null || echo 0)" -ge "$1" ]
}

files_same()
{
	(cd "$mnt" && find . -type f -exec md5sum {} +) >"$tmp/sums" || return
	umount "$mnt" || return
	echo 3 >/proc/sys/vm/drop_caches
	mount -t ext4 "/dev/${head}p1" "$mnt" &&
		(cd "$mnt" && md5sum -c "$tmp/sums" >"$tmp/compared" 2>&1)
}

# stay_away <how>: for 5 s, and back
stay_away()
{
	local start

	must 60 "both controllers gone" no_ctrl
	start=$(ms)
	must 20 "everything waits" io_stuck 16
	must 10 "5 s without a path" past $((start + 5000))
	check "$1: the nodes of the head are there after 5 s without a path" \
		test -b "/dev/${head}p1" -a -c "$ng"
	pci_slow 0
	pci_plug 0
	pci_plug 1
	check "$1: both controllers are live again" wait_for 60 paths_live 2
	must 10 "answers" io_moves
	check "$1: passthrough commands saw no error and no wrong data" io_stop
}

begin 9
need_qmp
need_tools setpci fdisk mkfs.ext4
pci_head
must 1 "a delay" delay_for 600
must 10 "a file system" partition_up

io_start -t 600 --same-data --first-lba $first -o rw "$ng"
files &
files=$!
must 10 "load" io_busy
must 10 "files" files_written 5
qmp device_del '{"id":"nvme0"}'
qmp device_del '{"id":"nvme1"}'
stay_away "unplugged on request"
must 30 "more files" files_written $(($(cat "$tmp/files") + 5))
touch "$tmp/stop"
check "the writes to the file system saw no error" wait "$files"
check "the files hold their data after a remount" files_same
check "the file system did not become read-only" touch "$mnt/end"

# Not under block I/O: a request that was just given to the queue of a path when
# its controller turns out to be dead is lost, on unpatched kernels, too.
umount "$mnt"
io_start -t 600 --same-data --first-lba $first -o rw "$ng"
must 10 "load" io_busy
pci_slow 1
must 20 "16 commands in flight" io_pending 16
pci_pull 0
pci_pull 1
stay_away "pulled by surprise"
finish
