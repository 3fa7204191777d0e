#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Packets that leave together as one skb (GSO). Over veth they arrive so; where a
# device cannot have them so the stack makes packets of them, with checksums that the
# receiver verifies. Each transfer is verified byte by byte by sctp_xfer, and the
# receiver's device tells whether packets came together.
#
#	BYTES=	that each transfer sends (2000000)
. "$(dirname "$0")/sctp_lib.sh"

BYTES=${BYTES:-2000000}
# So many packets it takes at least, of 1500 bytes.
PACKETS=$((BYTES / 1500))
LIMIT=3
need_sctp
command -v ethtool >/dev/null || ktap_skip_all "no ethtool"
setup_veth || ktap_skip_all "no veth"
mark_log

received() { on_b cat /sys/class/net/veth0/statistics/rx_packets; }

# send FAMILY: how much came at the other end is in $came then.
send() {
	local before rc
	before=$(received)
	transfer "$1" one-to-one -b "$BYTES" -l 1000:20000
	rc=$?
	came=$(($(received) - before))
	note "$came of at least $PACKETS packets"
	return $rc
}

together() { send "$1" && [ "$came" -lt $((PACKETS * 3 / 4)) ]; }

one_by_one() { send "$1" && [ "$came" -ge $PACKETS ]; }

# off FEATURE...: of the sender's device, switched off.
off() {
	local name
	for name; do
		on_a ethtool -K veth0 "$name" off >/dev/null || return
	done
}

on() {
	on_a ethtool -K veth0 gso on tx-sctp-segmentation on tx-checksum-sctp on >/dev/null
}

# Together, but no more at once than the device takes: the stack would cut up the rest.
limited() {
	local rc
	ip -n "$NS_A" link set veth0 gso_max_segs $LIMIT || return
	together "$1" && [ "$came" -ge $((PACKETS / LIMIT)) ]
	rc=$?
	ip -n "$NS_A" link set veth0 gso_max_segs 65535 && return $rc
}

# What is captured is shared with the receiver.
watched() {
	local pid rc
	start ip netns exec "$NS_B" tcpdump -U -n -i veth0 -w "$TMP/watched" sctp 2>"$TMP/tcpdump"
	pid=$STARTED
	wait_for 10 grep -q 'listening on' "$TMP/tcpdump"
	together "$1"
	rc=$?
	kill "$pid"
	wait "$pid" 2>/dev/null
	return $rc
}

# Packets with a wrong checksum among the others: what they bring is not delivered.
corrupted() {
	local rc
	tc -n "$NS_A" qdisc add dev veth0 root netem corrupt 3% || return
	send "$1"
	rc=$?
	tc -n "$NS_A" qdisc del dev veth0 root && return $rc
}

more_came() { [ "$(received)" -gt "$1" ]; }

# The MTU becomes less and more again while packets are under way.
resized() {
	local mtu rc=0
	start_transfer only "$1" one-to-one -b 0 -l 1000:20000 || return
	for mtu in 1300 1500 1280 1400 1500; do
		ip -n "$NS_A" link set veth0 mtu $mtu &&
			wait_for 20 more_came $(($(received) + 200)) || rc=1
	done
	stop_transfers only
	end_transfer only && return $rc
}

# ours NAME COMMAND...: the C module looks neither at how many packets a device takes at
# once, nor whether it sums them, nor again when the device's features change.
ours() {
	local name=$1
	shift
	if is_c_module; then
		ktap_skip "$name"
	else
		"$@"
		ktap $? "$name"
	fi
}

ktap_plan 20
for family in 4 6; do
	together $family
	ktap $? "IPv$family, together"
	ours "IPv$family, $LIMIT at once" limited $family
	if command -v tcpdump >/dev/null; then
		watched $family
		ktap $? "IPv$family, together, watched"
	else
		ktap_skip "IPv$family, together, watched"
	fi
	corrupted $family
	ktap $? "IPv$family, some with wrong checksums"
	resized $family
	ktap $? "IPv$family, while the MTU changes"
	off tx-sctp-segmentation && one_by_one $family
	ktap $? "IPv$family, cut up by the stack"
	off tx-checksum-sctp && one_by_one $family
	ktap $? "IPv$family, cut up and summed by the stack"
	on && off tx-checksum-sctp
	# Nobody would sum the packets of what this device takes as one.
	ours "IPv$family, summed here" one_by_one $family
	on && off gso
	ours "IPv$family, a device without GSO" one_by_one $family
	on
done
remove_veth
ktap $? "namespaces removed"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
