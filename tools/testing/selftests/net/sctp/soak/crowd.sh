#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A flood of INITs, thousands who set up associations and leave, and peers that
# never read (sctp_flood inits, crowd and deaf), while two transfers pass by the
# same host: who has not shown a cookie costs nothing, everybody else is bounded,
# the transfers go on, and all of it comes back.
#
#	INITS=	of the flood (2000 for each second of SECS=)
#	CROWD=	how many set up associations (50 for each second)
. "$(dirname "$0")/soak_lib.sh"

INITS=${INITS:-$((SECS * 2000))}
CROWD=${CROWD:-$((SECS * 50))}
# The transfers and all else that goes on in the kernel.
NOISE_KB=$((16 << 10))
# One association with one message, and what a debug kernel keeps for itself.
EACH_KB=32

need_sctp
mark_log
# The transfers' buffers stay as they are, or what is in them would seem to have been lost.
wmem=$(cat /proc/sys/net/sctp/sctp_wmem) rmem=$(cat /proc/sys/net/sctp/sctp_rmem)
buffers() {
	echo "$1" >/proc/sys/net/sctp/sctp_wmem
	echo "$2" >/proc/sys/net/sctp/sctp_rmem
}
trap 'buffers "$wmem" "$rmem"; cleanup' EXIT
buffers "4096 4096 4096" "4096 4096 4096"
setup_veth && setup_attacker || ktap_skip_all "no veth"
# The crowd comes from many addresses.
ip -n "$NS_B" route add 10.16.0.0/16 via 10.9.1.2
ip -n "$NS_B" route add fd0b::/64 via fd0a::2
ktap_plan 13
start_transfer four 4 one-to-one -p 5001 -b 0 -B
start_transfer six 6 one-to-many -p 5002 -b 0 -B

# start_target MODE: at port 5004.
start_target() {
	: >"$TMP/target"
	start ip netns exec "$NS_B" "$BIN/sctp_flood" "$1" -p 5004 >"$TMP/target" 2>&1
	TARGET=$STARTED
	wait_for 20 grep -q listening "$TMP/target" || show "$TMP/target"
}

end_target() {
	kill -KILL "$TARGET"
	wait "$TARGET" 2>/dev/null
}

# caches: what each cache of objects takes, in kB, without what KASAN keeps of those that were freed
# until there are a lot, which a cache lets go of when it is to shrink. Each is asked right then: by the
# time that all have shrunk, the transfers have freed thousands again.
caches() {
	local cache slabs order
	awk '/^Percpu:/ { print "percpu", $2 }' /proc/meminfo
	for cache in /sys/kernel/slab/*; do
		[ ! -L "$cache" ] || continue
		echo 1 >"$cache/shrink"
		read -r slabs _ <"$cache/slabs"
		read -r order <"$cache/order"
		echo "${cache##*/} $((slabs << (order + 2)))"
	done | sort
}

remember() { caches >"$TMP/before"; }

# less_than KB: what all have grown by since then.
less_than() {
	local grown
	caches >"$TMP/now"
	grown=$(cat "$TMP/now" <(sed 's/ / -/' "$TMP/before") | awk '{ n += $2 } END { print n }')
	note "slabs grew by $grown kB"
	[ "$grown" -ge "$1" ] || return 0
	join "$TMP/before" "$TMP/now" | awk '{ print $3 - $2, "kB more in", $1 }' | sort -rn | head -5 |
		while read -r line; do note "$line"; done
	return 1
}

# flood NAME SOURCE DESTINATION PORT
flood() {
	remember
	draw 1 1000000000
	attacker inits -s "$2" -d "$3" -p "$4" -S "$DRAWN" -n $((INITS / 2)) -t 1200 >"$TMP/inits" 2>&1
	ktap $? "INIT flood, $1"
	tally $((INITS / 2)) "INITs"
	show "$TMP/inits"
	figures "after the flood"
	less_than $NOISE_KB
	ktap $? "which costs no memory"
}

# Or at its end.
stopped() { grep -q '^State:.[TZ]' "/proc/$1/status"; }

# crowd NAME SOURCE DESTINATION PORT
crowd() {
	local rc
	remember
	draw 1 1000000000
	start nice -n -10 ip netns exec "$NS_C" "$BIN/sctp_flood" crowd -i veth1 -m "$MAC" \
		-s "$2" -d "$3" -p "$4" -S "$DRAWN" -n "$CROWD" -t 1200 >"$TMP/crowd" 2>&1
	wait_for 1200 stopped "$STARTED"
	figures "$CROWD cookies out"
	less_than $NOISE_KB
	ktap $? "cookies that are out cost no memory, $1"
	tally "$CROWD" "cookies, $CROWD at once"
	kill -CONT "$STARTED"
	wait_for 1200 stopped "$STARTED"
	figures "their associations"
	less_than $((NOISE_KB + CROWD * EACH_KB))
	ktap $? "associations that nobody wants are bounded, $1"
	kill -CONT "$STARTED"
	wait "$STARTED"
	rc=$?
	show "$TMP/crowd"
	return $rc
}

figures "before"
start_target hold
flood "IPv4, one-to-many" 10.16.0.1 10.9.1.1 5004
flood "IPv6, one-to-one" fd0b::1 fd0a::1 5005
crowd "IPv4, one-to-many" 10.16.0.1 10.9.1.1 5004
crowd "IPv6, one-to-one" fd0b::1 fd0a::1 5005
end_target

remember
start_target talk
attacker deaf -s 10.9.1.2 -d 10.9.1.1 -p 5005 -n 1000 -t 1200 >"$TMP/deaf" 2>&1
rc=$?
show "$TMP/deaf"
figures "with those that never read"
less_than $((NOISE_KB + 100 * 512))
[ $? = 0 ] && [ $rc = 0 ]
ktap $? "peers that never read"
end_target

stop_transfers four six
end_transfer four
ktap $? "IPv4 transfer unharmed"
end_transfer six
ktap $? "IPv6 transfer unharmed"
conclude
