#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Peers that send what costs more memory than it looks like (sctp_flood squeeze), to
# sockets that are never read, while two transfers pass by the same host: memory is
# bounded, the transfers go on, and all of it comes back.
. "$(dirname "$0")/soak_lib.sh"

# Two sockets with eight associations each, of some hundred kB to be read. All that
# a debug kernel keeps for itself counts, too.
LIMIT_KB=$((256 << 10))

need_sctp
mark_log
setup_veth && setup_attacker || ktap_skip_all "no veth"
ktap_plan 7
start ip netns exec "$NS_B" "$BIN/sctp_flood" hold -p 5004 >"$TMP/hold" 2>&1
HOLD=$STARTED
wait_for 20 grep -q listening "$TMP/hold" || show "$TMP/hold"
start_transfer four 4 one-to-one -p 5001 -b 0 -B
start_transfer six 6 one-to-many -p 5002 -b 0 -B
before=$(slab)
most=0

# squeeze NAME SOURCE DESTINATION PORT
squeeze() {
	local now rc
	draw 1 1000000000
	start attacker squeeze -s "$2" -d "$3" -p "$4" -S "$DRAWN" -n $((SECS * 50)) -t 600 >"$TMP/squeeze" 2>&1
	while kill -0 "$STARTED" 2>/dev/null; do
		now=$(slab)
		[ "$now" -lt "$most" ] || most=$now
		sleep 0.2
	done
	wait "$STARTED"
	rc=$?
	show "$TMP/squeeze"
	tally $((SECS * 50)) "packets that cost memory"
	ktap $rc "$1"
}
squeeze "one-to-many" 10.9.1.2 10.9.1.1 5004
squeeze "one-to-one" fd0a::2 fd0a::1 5005
figures "at the end"
note "slabs grew by $((most - before)) kB"
[ $((most - before)) -lt $LIMIT_KB ]
ktap $? "memory is bounded"
stop_transfers four six
end_transfer four
ktap $? "IPv4 transfer unharmed"
end_transfer six
ktap $? "IPv6 transfer unharmed"
kill -KILL "$HOLD"
wait "$HOLD" 2>/dev/null
conclude
