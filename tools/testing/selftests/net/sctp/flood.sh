#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 100,000 hostile packets (sctp_flood says which): at sockets that listen, and at
# two associations that transfer data in both directions all the while. Nothing
# may crash or warn, the listeners must still answer, and the data arrive intact.
#
#	NS_A                     NS_B                        NS_C
#	two clients  <-veth0->   two servers
#	replay: 20%              replay: 20%
#	                         sink           <-veth1->    attack: 60%
#
# The device in NS_C has no addresses, so that the kernel there takes no part.
#
#	COUNT=	packets to send (100000)
#	SEED=	of what is in them; it is printed, to repeat a run (random)
. "$(dirname "$0")/sctp_lib.sh"

COUNT=${COUNT:-100000}
SEED=${SEED:-$RANDOM$RANDOM}
need_sctp
setup_veth || ktap_skip_all "no veth"
setup_attacker || ktap_skip_all "no second veth"
note "seed $SEED"
mark_log

ktap_plan 10
# Until they are told to stop.
start_transfer four 4 one-to-one -p 5001 -b 0 -B -t 600
start_transfer six 6 one-to-many -p 5004 -b 0 -B -t 600
start ip netns exec "$NS_B" "$BIN/sctp_flood" sink -p 5002 >"$TMP/sink" 2>&1
SINK=$STARTED
wait_for 20 grep -q listening "$TMP/sink" || show "$TMP/sink"

replays=()
for ns in "$NS_A" "$NS_B"; do
	start ip netns exec "$ns" "$BIN/sctp_flood" replay -i veth0 \
		-n $((COUNT / 5)) -S "$((SEED + 1))" -t 500 >"$TMP/replay.$ns" 2>&1
	replays+=("$STARTED")
done

# attack NAME SOURCE DESTINATION PORT
attack() {
	SEED=$((SEED + 1))
	attacker attack -s "$2" -d "$3" -p "$4" -n $((COUNT * 3 / 20)) -S "$SEED" -t 400 >"$TMP/attack" 2>&1
	local rc=$?
	show "$TMP/attack"
	ktap $rc "$1"
}
attack "IPv4, one-to-many listener" 10.9.1.2 10.9.1.1 5002
attack "IPv4, one-to-one listener" 10.9.1.2 10.9.1.1 5003
attack "IPv6, one-to-many listener" fd0a::2 fd0a::1 5002
attack "IPv6, one-to-one listener" fd0a::2 fd0a::1 5003

rc=0
for pid in "${replays[@]}"; do
	wait "$pid" || rc=1
done
show "$TMP"/replay.*
ktap $rc "copies of the associations' packets"

# The associations have lived through it all.
stop_transfers four six
end_transfer four
ktap $? "IPv4 one-to-one association, data intact"
end_transfer six
ktap $? "IPv6 one-to-many association, data intact"

kill -TERM "$SINK"
wait "$SINK"
ktap $? "listeners closed"
remove_veth && ip netns del "$NS_C"
ktap $? "namespaces removed"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
