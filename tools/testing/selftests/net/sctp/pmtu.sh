#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Transfers over paths that carry less than the first link: through a router that
# says so by ICMP, from the start and from the middle of a transfer on; and over
# a link that loses what is too large without a word (RFC 8899).
#
#	NS_A (client)                    NS_R                     NS_B (server)
#	veth0 10.9.1.1, fd0a::1  <--->  ra   rb  <---1400--->  veth0 10.9.0.2, fd09::2
#
# The link without a word is one whose ends have different MTUs: a veth device
# drops what is longer than its peer's.
#
#	SIZE=		how much each transfer sends (4M)
#	LONG=		and the one in whose middle the MTU drops (60M)
#	XFER_TIMEOUT=	seconds that each may take (120)
. "$(dirname "$0")/sctp_lib.sh"

SIZE=${SIZE:-4M}
LONG=${LONG:-60M}
XFER_TIMEOUT=${XFER_TIMEOUT:-120}
NS_R=sctp-r-$$
need_sctp
trap 'cleanup; ip netns del "$NS_R" 2>/dev/null' EXIT

setup_router() {
	local ns
	for ns in "$NS_A" "$NS_R" "$NS_B"; do
		ip netns add "$ns" && ip -n "$ns" link set lo up || return
	done
	ip link add veth0 netns "$NS_A" type veth peer name ra netns "$NS_R" &&
		ip link add veth0 netns "$NS_B" type veth peer name rb netns "$NS_R" &&
		ip -n "$NS_A" addr add 10.9.1.1/24 dev veth0 &&
		ip -n "$NS_A" addr add fd0a::1/64 dev veth0 nodad &&
		ip -n "$NS_R" addr add 10.9.1.254/24 dev ra &&
		ip -n "$NS_R" addr add fd0a::fe/64 dev ra nodad &&
		ip -n "$NS_R" addr add 10.9.0.254/24 dev rb &&
		ip -n "$NS_R" addr add fd09::fe/64 dev rb nodad &&
		ip -n "$NS_B" addr add 10.9.0.2/24 dev veth0 &&
		ip -n "$NS_B" addr add fd09::2/64 dev veth0 nodad &&
		ip -n "$NS_A" link set veth0 up && ip -n "$NS_B" link set veth0 up &&
		ip -n "$NS_R" link set dev ra up && ip -n "$NS_R" link set dev rb up &&
		ip -n "$NS_A" route add default via 10.9.1.254 &&
		ip -n "$NS_A" route add default via fd0a::fe &&
		ip -n "$NS_B" route add default via 10.9.0.254 &&
		ip -n "$NS_B" route add default via fd09::fe || return
	for file in ipv4/ip_forward ipv6/conf/all/forwarding; do
		echo 1 | ip netns exec "$NS_R" tee "/proc/sys/net/$file" >/dev/null || return
	done
}

# set_link_mtu MTU: of the link behind the router.
set_link_mtu() {
	ip -n "$NS_R" link set dev rb mtu "$1" && ip -n "$NS_B" link set veth0 mtu "$1"
}

# received BYTES: whether NS_B has received so much.
received() {
	[ "$(on_b cat /sys/class/net/veth0/statistics/rx_bytes)" -ge "$1" ]
}

# remove_all [NS_R]
remove_all() {
	local ns
	for ns in "$NS_A" "$NS_B" "$@"; do
		ip netns del "$ns" || return
	done
}

setup_router || ktap_skip_all "no veth"
mark_log
ktap_plan 13

for family in 4 6; do
	set_link_mtu 1400
	for style in one-to-one one-to-many; do
		transfer $family $style -b "$SIZE"
		ktap $? "IPv$family $style, a router says what is too big"
	done
	# Whatever was learned is of another destination, or forgotten.
	set_link_mtu 1500
	ip -n "$NS_A" -"$family" route flush cache
	before=$(on_b cat /sys/class/net/veth0/statistics/rx_bytes)
	# Slow enough for it not to be over before, however long a busy machine takes for that.
	tc -n "$NS_R" qdisc replace dev rb root netem limit 100 rate 2mbit
	start_transfer only $family one-to-one -b "$LONG"
	wait_for 60 received $((before + 200000))
	set_link_mtu 1400
	kill -0 "${CLIENT[only]}"
	ktap $? "IPv$family, the MTU drops in the middle of a transfer"
	tc -n "$NS_R" qdisc change dev rb root netem limit 1000 rate 10gbit
	end_transfer only
	ktap $? "IPv$family, and all arrives"
done
remove_all "$NS_R"

setup_veth
ip -n "$NS_B" link set veth0 mtu 1400
for family in 4 6; do
	if is_c_module; then
		# It probes only if it is told to.
		ktap_skip "IPv$family, nobody says what is too big"
	else
		transfer $family one-to-one -b "$SIZE"
		ktap $? "IPv$family, nobody says what is too big"
	fi
done
dropped=$(on_a cat /sys/class/net/veth0/statistics/tx_dropped)
note "the link dropped $dropped packets"
[ "${dropped:-0}" -gt 0 ]
ktap $? "packets were too big"
remove_all
ktap $? "namespaces removed"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
