#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two hosts with two links between them for each family, sockets bound to the
# wildcard, and the first link cut under load, at the sender's end for IPv4 and
# at the receiver's for IPv6: nothing is lost, traffic goes on over the second
# link, and returns to the first one when that is back (RFC 9260, 5.1.2, 6.4). What
# went over the links is then read by tshark: nothing is malformed, and each checksum
# is right.
#
#	RATE=		of each link (2mbit)
#	CAPTURE=	packets of each link that are looked at (3000)
. "$(dirname "$0")/sctp_lib.sh"

RATE=${RATE:-2mbit}
CAPTURE=${CAPTURE:-3000}

# Seconds: Path.Max.Retrans expiries of T3-rtx, and then some; and a heartbeat
# interval with an RTO that has backed off.
FAILOVER=150
RETURN=200

# setup_link DEVICE ADDRESS-OF-A ADDRESS-OF-B
setup_link() {
	local nodad=()
	[[ $2 == *:* ]] && nodad=(nodad)
	ip link add "$1" netns "$NS_A" type veth peer name "$1" netns "$NS_B" &&
		ip -n "$NS_A" addr add "$2" dev "$1" "${nodad[@]}" &&
		ip -n "$NS_B" addr add "$3" dev "$1" "${nodad[@]}" &&
		ip -n "$NS_A" link set "$1" up &&
		ip -n "$NS_B" link set "$1" up
}

# Bytes that the server's end of a link has received.
received() {
	ip -n "$NS_B" -s link show dev "$1" | awk '/RX:/ { getline; print $1 }'
}

exceeds() { [ "$(received "$1")" -gt "$2" ]; }

# moves DEVICE SECONDS: more than heartbeats comes over a link by then.
moves() {
	wait_for "$2" exceeds "$1" $(($(received "$1") + 100000))
}

# lists TYPE ADDRESS...: chunks of that type on the first link have these IPv4
# addresses, in hexadecimal, as parameters.
lists() {
	local type=$1 hex address
	shift
	hex=$(tcpdump -c 1 -x -nr "$TMP/veth0.pcap" "sctp[12] = $type" 2>/dev/null |
		sed -n 's/^\t0x[0-9a-f]*: *//p' | tr -d ' \n')
	for address in "$@"; do
		[[ $hex == *00050008$address* ]] || return
	done
}

# sound DEVICE...: tshark finds nothing wrong with what was captured. What it makes
# of the payload, by a payload protocol identifier that only counts, does not matter. It
# takes long to begin, so that it gets all links at once, as interfaces 0, 1, ...
sound() {
	mergecap -I none -w "$TMP/all.pcapng" "${@/#/$TMP/}" 2>"$TMP/mergecap" &&
		HOME=$TMP tshark -n -r "$TMP/all.pcapng" -o sctp.checksum:crc-32c -T fields \
			-e frame.interface_id -e frame.number -e sctp.checksum.status -e _ws.malformed \
			-e ip.flags.mf -e ip.frag_offset -e ipv6.fraghdr.more -e ipv6.fraghdr.offset \
			>"$TMP/frames" 2>"$TMP/tshark" &&
		awk -F '\t' -v "names=$*" '
			BEGIN { n = split(names, name, " ") }
			{ count[$1 + 1]++ }
			# After time-outs chunks may be too long for a path. The last fragment shows the packet.
			$3 == "" && ($5 $7 ~ /1|True/ || $6 + $8 > 0) { next }
			$3 != 1 || $4 ~ /Malformed Packet: (SCTP|IP|Ethernet)/ { print "# " name[$1 + 1] ": " $0; bad = 1 }
			END {
				for (i = 1; i <= n; i++) {
					print "# " name[i] ": " count[i] + 0 " packets"
					if (count[i] < 100) bad = 1
				}
				exit bad
			}' "$TMP/frames" || {
		show "$TMP/mergecap" "$TMP/tshark"
		return 1
	}
}

need_sctp
command -v tcpdump >/dev/null || ktap_skip_all "no tcpdump"
for ns in "$NS_A" "$NS_B"; do
	ip netns add "$ns" || ktap_skip_all "no namespaces"
	ip -n "$ns" link set lo up
	# Or an address goes with its link.
	ip netns exec "$ns" sysctl -qw net.ipv6.conf.all.keep_addr_on_down=1
done
setup_link veth0 10.9.0.1/24 10.9.0.2/24 &&
	setup_link veth1 10.8.0.1/24 10.8.0.2/24 &&
	setup_link veth2 fd09::1/64 fd09::2/64 &&
	setup_link veth3 fd08::1/64 fd08::2/64 || ktap_skip_all "no veth"
for ns in "$NS_A" "$NS_B"; do
	for dev in veth0 veth1 veth2 veth3; do
		# Else nobody computes it: veth takes it for done, and the C module's packets
		# that leave together come so.
		ip netns exec "$ns" ethtool -K "$dev" tx-checksum-sctp off tx-sctp-segmentation off >/dev/null ||
			ktap_skip_all "the checksum cannot be had"
		tc -n "$ns" qdisc add dev "$dev" root netem limit 100 rate "$RATE" ||
			ktap_skip_all "no netem"
	done
done
mark_log

# The first packets of each link, for a look at them afterwards.
for dev in veth0 veth1 veth2 veth3; do
	start ip netns exec "$NS_B" tcpdump -U --immediate-mode -c "$CAPTURE" -i "$dev" -w "$TMP/$dev.pcap" sctp 2>"$TMP/$dev.tcpdump"
done
for dev in veth0 veth1 veth2 veth3; do
	wait_for 20 grep -q 'listening on' "$TMP/$dev.tcpdump" || ktap_skip_all "tcpdump cannot capture"
done

ktap_plan 13
export XFER_TIMEOUT=550
start_transfer 4 4 one-to-one -p 5001 -b 0 -s 2
start_transfer 6 6 one-to-many -p 5002 -b 0 -s 2
moves veth0 30
ktap $? "IPv4: over the first link"
moves veth2 30
ktap $? "IPv6: over the first link"

ip -n "$NS_A" link set veth0 down
ip -n "$NS_B" link set veth2 down
began=$SECONDS
moves veth1 $FAILOVER
ktap $? "IPv4: over the second link when the first one is down"
moves veth3 $FAILOVER
ktap $? "IPv6: over the second link when the first one is down"
note "$((SECONDS - began)) s"

ip -n "$NS_A" link set veth0 up
ip -n "$NS_B" link set veth2 up
began=$SECONDS
moves veth0 $RETURN
ktap $? "IPv4: over the first link when it is back"
moves veth2 $RETURN
ktap $? "IPv6: over the first link when it is back"
note "$((SECONDS - began)) s"

for family in 4 6; do
	kill -TERM "${CLIENT[$family]}"
	end_transfer $family
	ktap $? "IPv$family: nothing was lost"
done

lists 1 0a090001 0a080001
ktap $? "the INIT lists both addresses"
lists 2 0a090002 0a080002
ktap $? "the INIT ACK lists both addresses"
sound veth{0,1,2,3}.pcap
ktap $? "tshark finds nothing malformed and no wrong checksum"
remove_veth
ktap $? "namespaces removed"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
