#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Verified transfers in both directions while the network under them changes:
# addresses come and go, the MTU grows and shrinks, the carrier is lost, the link
# is set down, loses and delays packets. All data arrive intact.
. "$(dirname "$0")/soak_lib.sh"

either() {
	draw 0 1
	ns=$NS_A
	[ "$DRAWN" = 0 ] || ns=$NS_B
}

change() {
	either
	draw 0 7
	case $DRAWN in
	0 | 1)
		draw 3 9
		ip -n "$ns" addr replace "10.9.0.$((DRAWN + RANDOM % 2 * 100))/24" dev veth0
		ip -n "$ns" addr replace "fd09::$DRAWN" dev veth0 nodad
		;;
	2 | 3)
		ip -n "$ns" -o addr show dev veth0 |
			grep -vE ' (10\.9\.0\.[12]|fd09::[12])/|fe80' | while read -r _ _ _ addr _; do
			ip -n "$ns" addr del "$addr" dev veth0
		done
		;;
	4)
		draw 1280 9000
		ip -n "$ns" link set veth0 mtu "$DRAWN"
		;;
	5)
		# veth tells the other end that the carrier is lost.
		ip -n "$ns" link set veth0 down
		a_moment
		up
		;;
	6)
		draw 0 5
		ip netns exec "$ns" tc qdisc replace dev veth0 root netem \
			loss "$DRAWN%" delay "${DRAWN}ms" "${DRAWN}ms" 2>/dev/null
		;;
	7) ip netns exec "$ns" tc qdisc del dev veth0 root 2>/dev/null ;;
	esac
	return 0
}

# IPv6 addresses go when a link is set down.
up() {
	ip -n "$NS_A" link set veth0 up
	ip -n "$NS_B" link set veth0 up
	ip -n "$NS_A" addr replace fd09::1/64 dev veth0 nodad
	ip -n "$NS_B" addr replace fd09::2/64 dev veth0 nodad
}

need_sctp
mark_log
setup_veth || ktap_skip_all "no veth"
ktap_plan 4
start_transfer four 4 one-to-one -p 5001 -b 0 -B
start_transfer six 6 one-to-many -p 5002 -b 0 -B
changes=0
while [ "$SECONDS" -lt "$END" ]; do
	change
	a_moment
	changes=$((changes + 1))
done
for ns in "$NS_A" "$NS_B"; do ip netns exec "$ns" tc qdisc del dev veth0 root 2>/dev/null; done
up
note "$changes changes"
tally $changes "changes of the network"
stop_transfers four six
end_transfer four
ktap $? "IPv4, one-to-one: all has arrived"
end_transfer six
ktap $? "IPv6, one-to-many: all has arrived"
conclude
