#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# This test will kill processes while their commands fail over or leave the list
# of parked commands, a hundred times.
# stock: pass
# It passes without the series, where no command is parked: it guards the exit.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. ./lib.sh

# flip: changes the ANA state again and again, until $tmp/stop is there
flip()
{
	while [ ! -e "$tmp/stop" ]; do
		ana change
		sleep 0.0$((RANDOM % 9 + 1))
		ana optimized
		sleep 0.0$((RANDOM % 9 + 1))
	done
}

begin 3
need_tools nvme
nvmet_up 2 1

flip &
flipper=$!
at_exit "kill $flipper"
all_ended=1
for i in $(seq 100); do
	ring=()
	[ $((i % 2)) = 0 ] || ring=(--mode defer)
	io_start -q 32 -t 60 -o rw "${ring[@]}" "$ng"
	sleep 0.$((RANDOM % 2))$((RANDOM % 10))
	kill -9 "$io"
	wait_for 10 ended "$io" || all_ended=0
	wait "$io" 2>/dev/null
done
check "all 100 killed processes ended within their time" test $all_ended = 1
touch "$tmp/stop"
wait $flipper
ana optimized

check_works
check_nothing_left
finish
