#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Transfers between two namespaces over veth: both styles, both families, with
# messages of all sizes, many streams, both directions at once, small buffers,
# several associations at one server, and large packets. Verified byte by byte by
# sctp_xfer.
#
# SIZE= is how much each transfer sends (2M), SHARE= each of several clients (500K),
# PAIRS= the families with the styles (all four).
. "$(dirname "$0")/sctp_lib.sh"

SIZE=${SIZE:-2M}
SHARE=${SHARE:-500K}
PAIRS=${PAIRS:-4:one-to-one 4:one-to-many 6:one-to-one 6:one-to-many}
need_sctp
setup_veth || ktap_skip_all "no veth"
mark_log

# eight_clients FAMILY STYLE [OPTION...]: at one server, at the same time.
eight_clients() {
	local i rc=0
	start_server eight "$1" "$2" -t 120 -c 8 || return
	for i in 1 2 3 4 5 6 7 8; do
		start_client eight.client$i "$1" "$2" -t 120 -b "$SHARE" -S $i "${@:3}"
	done
	for i in 1 2 3 4 5 6 7 8; do
		wait "${CLIENT[eight.client$i]}" || rc=1
	done
	end_server eight $rc
}

# Packets whose user data are in pages and are not copied on their way.
large_packets() {
	local rc
	ip -n "$NS_A" link set veth0 mtu 60000 && ip -n "$NS_B" link set veth0 mtu 60000 || return
	transfer "$1" "$2" -b "$SIZE" -l 1:150000
	rc=$?
	ip -n "$NS_A" link set veth0 mtu 1500 && ip -n "$NS_B" link set veth0 mtu 1500
	return $rc
}

# shellcheck disable=SC2206 # words
pairs=($PAIRS)
ktap_plan $((${#pairs[@]} * 10 + 2))
for pair in "${pairs[@]}"; do
	family=${pair%%:*} style=${pair#*:}
	name="IPv$family $style"
	transfer $family $style -b "$SIZE"
	ktap $? "$name"
	transfer $family $style -b "$SIZE" -B
	ktap $? "$name, both directions"
	transfer $family $style -b 50K -l 1:40 -n
	ktap $? "$name, tiny messages"
	transfer $family $style -b "$SIZE" -l 60000:150000 -W 200000
	ktap $? "$name, large messages"
	transfer $family $style -b "$SIZE" -s 1000
	ktap $? "$name, 1000 streams"
	transfer $family $style -b 500K -R 10000 -l 1:3000
	ktap $? "$name, small receive buffer"
	transfer $family $style -b 500K -W 10000 -l 1:3000
	ktap $? "$name, small send buffer"

	eight_clients $family $style -l 1:1400
	ktap $? "$name, eight clients of one server"
	# There the C implementation stalls: while one association
	# is in the middle of a message, the others' fill the buffer.
	if [ $style = one-to-many ] && is_c_module; then
		ktap_skip "$name, eight clients, long messages"
	else
		eight_clients $family $style -l 1:20000
		ktap $? "$name, eight clients, long messages"
	fi
	large_packets $family $style
	ktap $? "$name, large packets"
done
remove_veth
ktap $? "namespaces removed"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
