#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory that cannot be had, user memory that cannot be reached, packets that move
# in memory: at random, under the traffic of two swarms. Afterwards a transfer
# passes as if nothing had been, and nothing is left.
. "$(dirname "$0")/soak_lib.sh"

# A few of them at a time, at various rates.
some_faults() {
	local kind
	for kind in "${KINDS[@]}"; do
		draw 0 2
		[ "$DRAWN" != 0 ] || continue
		draw 1 30
		[ "$kind" != fail_skb_realloc ] || DRAWN=100
		faults "$kind" "$DRAWN"
		note "$kind: $DRAWN %"
	done
}

need_sctp
mark_log
trap 'no_faults; cleanup' EXIT
setup_veth || ktap_skip_all "no veth"
ktap_plan 4
rc=0
start_swarm || rc=1
while [ "$SECONDS" -lt "$END" ] && [ $rc = 0 ]; do
	some_faults
	draw 1 3
	sleep "$DRAWN"
	no_faults
	a_moment
	kill -0 "${SWARM[$NS_A]}" "${SWARM[$NS_B]}" || rc=1
done
no_faults
kill_swarm || rc=1
ktap $rc "two swarms, without memory"
transfer 6 one-to-many -b 1M -B
ktap $? "a transfer thereafter"
conclude
