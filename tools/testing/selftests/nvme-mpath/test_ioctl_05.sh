#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will register a reservation key through the block device of a head, and
# lose the path by which that was done: the registration is the host's, so the other
# path has it, and a reservation that one path made holds on all. A second host, on
# a path that the head does not use, is kept out.
# stock: skip fail:7.3
# On the stock kernel nothing waits for a path.
# timeout: 150
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

CONFLICT=24
OTHER_NQN=nqn.2014-08.org.nvmexpress:uuid:6f6b5a2a-0a1e-4a52-9d8a-3d1f0f6a2b22
OTHER_ID=6f6b5a2a-0a1e-4a52-9d8a-3d1f0f6a2b22

# pr <command>: prints what nvme_mpath_pr says of it
pr()
{
	./nvme_mpath_pr "/dev/$head" "$1" | sed "s/^$1 *//"
}

# pr_says <words> <command>
pr_says()
{
	is "$1" "$(pr "$2")"
}

# replaced_meanwhile: the command that waits for a path has ended
replaced_meanwhile()
{
	wait_for 20 ended "$replace" || return
	is "replace 0" "$(cat "$tmp/replace")"
}

# other_writes: by the path of the second host alone
other_writes()
{
	nvme io-passthru "/dev/$other" --opcode=1 --namespace-id=1 --write \
		--data-len=4096 --input-file=/dev/zero --cdw10=$((62 << 11)) \
		--cdw12=7 >"$tmp/other" 2>&1
}

other_is_refused()
{
	! other_writes || return
	grep -qi 'reservation.conflict' "$tmp/other" || {
		sed 's/^/# /' "$tmp/other"
		return 1
	}
}

# lost <port> <port that is usable then>
lost()
{
	port_down "$1"
	must 20 "a lost path" paths_live 2
	ana optimized "$2"
	must 20 "a usable path" ana_seen optimized "$(ctrl_of_port "$2")"
}

begin 18
need_tools nvme
reservations=1
nvmet_target_up 3 0
[ -e "$nvmet/subsystems/$NVMET_NQN/namespaces/1/resv_enable" ] ||
	skip_all "this target has no reservations (nvmet before 6.13)"
ana inaccessible 2
ana non-optimized 3
at_exit "nvme disconnect -n $NVMET_NQN"
nvmet_connect 1 -l 600 || give_up "nvme connect failed"
nvmet_connect 2 -l 600 || give_up "nvme connect failed"
nvmet_connect 3 -q $OTHER_NQN -I $OTHER_ID || give_up "nvme connect failed"
must 20 "head" find_head "$NVMET_NQN"
must 20 "three live paths" paths_live 3
other=$(ctrl_of_port 3)

check "register succeeds on the first path" pr_says 0 register
check "one key is registered" pr_says 0x1234 keys
check "the second host may write: nothing is reserved" other_writes

ana inaccessible 3
must 20 "one usable path" ana_seen inaccessible "$other"
port_down 1
must 20 "a lost path" paths_live 2
./nvme_mpath_pr "/dev/$head" replace >"$tmp/replace" 2>&1 &
replace=$!
at_exit "kill -9 $replace"
check "without a usable path a change of the key waits" \
	wait_for 10 are_parked 1
ana optimized 2
ana non-optimized 3
check "it succeeds on the second path, which knows the old key" \
	replaced_meanwhile
check "the second path has one key, the new one" pr_says 0x4321 keys
check "a change from the old key is refused" pr_says $CONFLICT replace
check "a change back to it succeeds" pr_says 0 replace-back
check "reserve succeeds on the second path" pr_says 0 reserve
check "the reservation is held by that key" pr_says "0x1234 1" holder
must 20 "the second host's path" ana_seen non-optimized "$other"
check "the second host's write is refused" other_is_refused

port_up 1
must 60 "three live paths" paths_live 3
lost 2 1
check "the first path is back, the second is lost: the reservation holds" \
	pr_says "0x1234 1" holder
io_start -n 64 -o rw "$ng"
check "passthrough writes by the first path succeed" io_wait
check "the second host's write is still refused" other_is_refused
check "release succeeds on the first path" pr_says 0 release
check "the second host may write again" other_writes
check "clear succeeds, and no key is left" is "0:none" "$(pr clear):$(pr keys)"

port_up 2
must 60 "three live paths" paths_live 3
check_works
finish
