#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Removal under fire: insmod, swarms in two namespaces, an abrupt end of some kind
# at some moment, rmmod as soon as nothing is in use. Over and over.
#
#	ROUNDS=	how often, instead of for SECS= seconds
. "$(dirname "$0")/soak_lib.sh"

ENDINGS=(killed one_killed link_down carrier namespaces)

# Each way to end leaves no program behind.
killed() { kill_swarm; }

# One side goes on for a while with what the other has left.
one_killed() {
	kill_swarm "$NS_B" || return
	a_moment
	kill_swarm
}

link_down() {
	ip -n "$NS_B" link set veth0 down
	a_moment
	kill_swarm
}

carrier() {
	ip -n "$NS_A" link del veth0
	a_moment
	kill_swarm
}

# The names go first, with everything alive in them.
namespaces() {
	remove_veth || return
	a_moment
	kill_swarm
}

once() {
	insmod "$MODULE_KO" && setup_veth && start_swarm || return
	a_moment
	a_moment
	draw 0 $((${#ENDINGS[@]} - 1))
	ending=${ENDINGS[DRAWN]}
	$ending || return
	# Those whose peer cannot be reached give up after some time-outs.
	remove_module 30 || return
	remove_veth 2>/dev/null
	return 0
}

if module_loaded; then rmmod "$MODULE_NAME" || ktap_skip_all "$MODULE_NAME is in use"; fi
mark_log
ktap_plan 2
rounds=0
rc=0
while goes_on $rounds && [ $rc = 0 ]; do
	ending=start
	once || rc=1
	rounds=$((rounds + 1))
done
tally $rounds "removals under fire"
[ $rc = 0 ] || note "failed in round $rounds, which ended by: $ending"
ktap $rc "$rounds rounds"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
