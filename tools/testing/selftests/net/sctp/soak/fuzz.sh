#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A program that does everything with its sockets (sctp_swarm), whose peer
# (sctp_flood fuzz) sends random chunks, and those of the corpora with which the
# engine is fuzzed in user space, with tags and checksums that are right, in every
# state. Two transfers beside it keep their data, and nothing is left.
#
#	FUZZ=	packets (5000 for each second of SECS=)
. "$(dirname "$0")/soak_lib.sh"

FUZZ=${FUZZ:-$((SECS * 5000))}
need_sctp
mark_log
setup_veth && setup_attacker || ktap_skip_all "no veth"
ktap_plan 7
corpora=()
for dir in "$HERE"/../../../../sctp/fuzz/corpus/*/; do
	[ ! -d "$dir" ] || corpora+=(-c "$dir")
done
start_transfer four 4 one-to-one -p 5001 -b 0 -B
start_transfer six 6 one-to-many -p 5002 -b 0 -B

# fuzz NAME SOURCE DESTINATION PORT
fuzz() {
	local swarm rc
	draw 1 1000000000
	: >"$TMP/swarm"
	start ip netns exec "$NS_B" "$BIN/sctp_swarm" -c -p "$4" -S "$DRAWN" "$2" >"$TMP/swarm" 2>&1
	swarm=$STARTED
	wait_for 20 grep -q listening "$TMP/swarm"
	draw 1 1000000000
	attacker fuzz -s "$2" -d "$3" -p "$4" -S "$DRAWN" -n $((FUZZ / 2)) -t 3000 "${corpora[@]}" >"$TMP/fuzz" 2>&1
	rc=$?
	show "$TMP/fuzz"
	tally $((FUZZ / 2)) "fuzzed packets"
	kill -KILL "$swarm"
	wait "$swarm" 2>/dev/null
	[ $? = 137 ] || { show "$TMP/swarm" && rc=1; }
	ktap $rc "$1"
}
fuzz "IPv4" 10.9.1.2 10.9.1.1 6000
fuzz "IPv6" fd0a::2 fd0a::1 6010
figures "at the end"

# Who is left of them has a peer that says nothing any more.
nothing_but_transfers() {
	! [ -d "$OBJECTS" ] || [ "$(cat "$OBJECTS/associations")" -le 4 ]
}
wait_for 60 nothing_but_transfers
ktap $? "nothing is left of the fuzzed ones"
stop_transfers four six
end_transfer four
ktap $? "IPv4 transfer unharmed"
end_transfer six
ktap $? "IPv6 transfer unharmed"
conclude
