#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Namespaces that are deleted with associations in every state in them, while the
# module stays.
#
#	ROUNDS=	how often, instead of for SECS= seconds
. "$(dirname "$0")/soak_lib.sh"

once() {
	setup_veth && start_swarm || return
	a_moment
	# With the programs alive, only the name goes; after them, all of it.
	draw 0 1
	if [ "$DRAWN" = 0 ]; then
		remove_veth || return
		a_moment
		kill_swarm || return
	else
		kill_swarm && remove_veth || return
	fi
	nothing_left 30
}

need_sctp
mark_log
ktap_plan 2
rounds=0
rc=0
while goes_on $rounds && [ $rc = 0 ]; do
	once || rc=1
	rounds=$((rounds + 1))
done
tally $((2 * rounds)) "namespaces deleted"
ktap $rc "$rounds rounds"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
