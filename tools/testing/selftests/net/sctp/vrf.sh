#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two VRFs with the same addresses in both, and servers that are bound to an
# interface, to a VRF or to neither: who reaches whom. The cases are those of
# sctp_vrf.sh of the kernel, whose program sctp_hello this uses, and which itself
# needs sctp_diag and the sysctl l3mdev_accept.
#
#	NS_B (client 1) veth1 <---> veth1 in vrf-1 \
#	                                            NS_A (servers)
#	NS_C (client 2) veth1 <---> veth2 in vrf-2 /
. "$(dirname "$0")/sctp_lib.sh"

NS_C=sctp-c-$$
PORT=1234

end() {
	ip netns del "$NS_C" 2>/dev/null
	cleanup
}
trap end EXIT

# setup_link CLIENT-NAMESPACE NUMBER
setup_link() {
	local ns=$1 n=$2
	ip link add "veth$n" netns "$NS_A" type veth peer name veth1 netns "$ns" &&
		ip -n "$NS_A" link add "vrf-$n" type vrf table "${n}0" &&
		ip -n "$NS_A" link set "vrf-$n" up &&
		ip -n "$NS_A" link set "veth$n" master "vrf-$n" &&
		ip -n "$NS_A" addr add 10.0.0.2/24 dev "veth$n" &&
		ip -n "$NS_A" addr add 2001:db8::2/64 dev "veth$n" nodad &&
		ip -n "$NS_A" link set "veth$n" up &&
		ip -n "$ns" link set lo up &&
		ip -n "$ns" addr add 10.0.0.1/24 dev veth1 &&
		ip -n "$ns" addr add 2001:db8::1/64 dev veth1 nodad &&
		ip -n "$ns" link set veth1 up
}

# What is bound to neither answers by way of the first link.
setup() {
	local ns
	for ns in "$NS_A" "$NS_B" "$NS_C"; do
		ip netns add "$ns" || return
	done
	ip -n "$NS_A" link set lo up &&
		ip -n "$NS_A" link add dummy1 type dummy &&
		ip -n "$NS_A" link set dummy1 up &&
		ip -n "$NS_A" addr add 10.0.0.2/32 dev dummy1 &&
		ip -n "$NS_A" addr add 2001:db8::2/128 dev dummy1 nodad &&
		setup_link "$NS_B" 1 && setup_link "$NS_C" 2 &&
		ip -n "$NS_A" route add 10.0.0.1 dev veth1 src 10.0.0.2 &&
		ip -n "$NS_A" route add 2001:db8::1 dev veth1 src 2001:db8::2
}

# Does it sleep, which it does in accept() only?
accepts() {
	grep -q '^Name:.sctp_hello' "/proc/$1/status" &&
		grep -q '^State:.S' "/proc/$1/status"
}

# start_hello FAMILY ADDRESS [INTERFACE]: a server for one association.
start_hello() {
	start ip netns exec "$NS_A" "$BIN/sctp_hello" server "-$1" "$2" "$PORT" ${3:+"$3"}
	wait_for 10 accepts "$STARTED"
}

# hello NAMESPACE FAMILY ADDRESS [OWN-ADDRESS OWN-PORT]
hello() {
	local ns=$1 family=$2
	shift 2
	timeout 3 ip netns exec "$ns" "$BIN/sctp_hello" client "-$family" "$1" "$PORT" "${@:2}"
}

# try NAME CLIENT-NAMESPACE INTERFACE: "" is none.
try() {
	local rc
	start_hello "$family" "$server" "$3" || return
	hello "$2" "$family" "$server"
	rc=$?
	kill -KILL "$STARTED" 2>/dev/null
	wait "$STARTED" 2>/dev/null
	return $rc
}

reaches() {
	try "$@"
	ktap $? "IPv$family: $1"
}

reaches_not() {
	! try "$@"
	ktap $? "IPv$family: $1"
}

# Both at once: the same ports and addresses, in two VRFs.
reach_both() {
	local first
	start_hello "$family" "$server" vrf-1 || return
	first=$STARTED
	start_hello "$family" "$server" vrf-2 || return
	hello "$NS_B" "$family" "$server" "$client" 5678 &&
		hello "$NS_C" "$family" "$server" "$client" 5678 &&
		wait "$first" && wait "$STARTED"
}

need_sctp
[ -x "$BIN/sctp_hello" ] || ktap_skip_all "no sctp_hello"
setup || ktap_skip_all "no VRF"
mark_log

ktap_plan 19
for family in 4 6; do
	server=10.0.0.2 client=10.0.0.1
	[ $family = 4 ] || server=2001:db8::2 client=2001:db8::1
	reaches "no interface, client 1" "$NS_B" ""
	reaches_not "no interface, client 2, by way of whom no one answers" "$NS_C" ""
	reaches_not "veth2, client 1" "$NS_B" veth2
	reaches "veth1, client 1" "$NS_B" veth1
	reaches "vrf-1, client 1" "$NS_B" vrf-1
	reaches_not "vrf-2, client 1" "$NS_B" vrf-2
	reaches "vrf-2, client 2" "$NS_C" vrf-2
	reaches_not "vrf-1, client 2" "$NS_C" vrf-1
	reach_both
	ktap $? "IPv$family: vrf-1 and vrf-2, both clients"
done
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
