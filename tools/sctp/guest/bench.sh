#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh BIN SECS PROTOCOLS WORKLOAD...: measures inside a guest, for SECS of its
# seconds each if the workload does not say otherwise, and prints a line for each
# protocol and workload:
#
#	figure PROTOCOL WORKLOAD[/WHAT] NUMBER UNIT
#
# and lines "begin" and "end" about each time of measuring, for a profile. What the
# workloads are is in Documentation/networking/rust-sctp/performance.rst.
. "$TOP/tools/sctp/guest/lib.sh"
bin=$1 secs=$2 protocols=$3
shift 3
port=5201

# What only a protocol can do is not measured with the others.
possible() { # PROTOCOL WORKLOAD
	local bytes
	case $1/$2 in
	sctp/* | tcp/stream/* | tcp/rr/* | tcp/setup | tcp/delay/* | tcp/sack/* | udp/rr/*) ;;
	udp/stream/*/N)
		bytes=${2%/N}
		[ "${bytes##*/}" -le 65507 ]
		;;
	*) false ;;
	esac
}

# link KIND MTU: what a client at one end (at_client COMMAND...) has to the server at
# the other: lo, veth, veth-nogso or veth-plain. Each link is a new one.
link() {
	local ns
	case $1 in
	lo | veth | veth-nogso | veth-plain) ;;
	*)
		echo "no link $1" >&2
		exit 2
		;;
	esac
	ip -all netns delete
	ip link set lo mtu 65536
	address=127.0.0.1 client=() server=()
	if [ "$1" = lo ]; then
		ip link set lo mtu "$2"
		return
	fi
	address=10.9.0.2 client=(ip netns exec client) server=(ip netns exec server)
	ip netns add client
	ip netns add server
	ip link add veth0 mtu "$2" netns client type veth peer name veth0 mtu "$2" netns server
	for ns in client server; do
		ip -n $ns link set lo up
		case $1 in
		veth-nogso) offloads $ns gso tso tx-sctp-segmentation ;;
		veth-plain) offloads $ns gso tso tx-sctp-segmentation tx tx-checksum-sctp ;;
		esac
		ip -n $ns link set veth0 up
	done
	ip -n client addr add 10.9.0.1/24 dev veth0
	ip -n server addr add 10.9.0.2/24 dev veth0
}

# Whether nobody at either end of the link is about to shut down.
settled() {
	! { "${client[@]}" cat /proc/net/sctp/assocs; "${server[@]}" cat /proc/net/sctp/assocs; } | grep -v ASSOC
}

offloads() { # NAMESPACE FEATURE...: switched off
	local ns=$1 feature
	shift
	# TCP leaves the cutting up to the stack otherwise, behind the queueing discipline.
	ip -n "$ns" link set veth0 gso_max_segs 1
	for feature; do ip netns exec "$ns" ethtool -K veth0 "$feature" off >/dev/null; done
}

# netem NAMESPACE WHAT...: done to what leaves there.
netem() {
	tc -n "$1" qdisc add dev veth0 root netem limit 100000 "${@:2}"
}

# stream PROTOCOL SECONDS BYTES [N] [OPTION...]: iperf3 over the link. beside= begins
# something in the background, which writes to the file it is told, until it is killed.
stream() {
	local pid others=() options=(-c "$address" -p "$port" -t "$2" -l "$3" -f k)
	case $1 in
	sctp) options+=(--sctp) ;;
	udp) options+=(-u -b 0) ;;
	esac
	[ "$1" = udp ] || [ "${4:-}" != N ] || options+=(-N)
	"${server[@]}" iperf3 -s -1 -p "$port" >/tmp/server.out 2>&1 &
	pid=$!
	wait_for 10 grep -q listening /tmp/server.out
	if [ -n "${beside:-}" ]; then
		$beside /tmp/beside
		others=($!)
	fi
	"$bin/sctp_mark" begin
	timeout 120 "${client[@]}" iperf3 "${options[@]}" "${@:5}" >/tmp/client.out 2>&1 ||
		cat /tmp/client.out >&2
	"$bin/sctp_mark" end
	kill "$pid" "${others[@]}" 2>/dev/null
	wait "$pid" "${others[@]}"
	# Without the link they would go on trying for minutes, and the module be in use.
	wait_for 60 settled
	# The receiver's line at the client's end has what arrived.
	awk '/receiver/ { for (i = 2; i <= NF; i++) if ($i == "Kbits/sec") n = $(i - 1) }
		END { print n / 1000, "Mbit/s" }' /tmp/client.out
}

# program NAME ARGUMENT...: one of the socket tests' that says all this itself.
program() {
	link lo 65536
	"$bin/$1" "${@:2}"
}

# There are a few seconds until the window has opened, and losses are rare.
delay() { # PROTOCOL MILLISECONDS PERCENT
	local ns
	link veth-nogso 1500
	for ns in client server; do netem $ns delay "$(($2 * 500))us" loss "$3%"; done
	stream "$1" $((secs * 5)) 1452
}

# spare FILE: counts in the background, as $!, how far a loop comes that runs when nobody else
# does. When it is told to stop, it says how far that was in a millisecond. It has begun when
# this is over: to read its program takes the host time, in which the guest's clock jumps.
spare() {
	rm -f "$1"
	chrt -i 0 bash -c '
		trap "echo \$((n * 1000 / (\${EPOCHREALTIME/./} - since))); exit" TERM
		echo counting
		since=${EPOCHREALTIME/./}
		while :; do ((++n)); done' >"$1" &
	wait_for 10 grep -q counting "$1"
}

# A quarter of the packets overtakes others, hardly ever more than two. The round trip is
# such that a full window makes 200 Mbit/s: the processor has time to spare, and the
# figure is how many messages it would manage without.
sack() { # PROTOCOL BYTES
	local size
	link veth-nogso 1500
	for size in rmem wmem; do echo $((16 << 20)) >/proc/sys/net/core/${size}_max; done
	netem client delay 60us reorder 25%
	netem server delay "$(($2 / 25))us"
	spare /tmp/all
	sleep "$secs"
	kill $! && wait $!
	beside=spare stream "$1" $((secs * 2)) 1452 N -w "$2" |
		awk -v "all=$(tail -n 1 /tmp/all)" '
			/Mbit/ { while ((getline spare <"/tmp/beside") > 0); print $1 / 8 / 1.452 / (1 - spare / all), "k/s"; next }
			{ print; fflush() }'
}

if [ -n "${PROFILE:-}" ]; then sort /proc/kallsyms >"$OUT/kallsyms"; fi
for workload in "$@"; do
	IFS=/ read -r kind first second third fourth <<<"$workload"
	for protocol in $protocols; do
		possible "$protocol" "$workload" || continue
		case $kind in
		stream)
			link "$first" "$second"
			stream "$protocol" "$secs" "$third" "$fourth"
			;;
		setup | rr) program sctp_rate "$protocol" "$kind" "$secs" "$first" ;;
		crowd | pair) program "sctp_$kind" "$secs" "$first" ;;
		delay) delay "$protocol" "$first" "$second" ;;
		sack) sack "$protocol" "$first" ;;
		*)
			echo "no workload $workload" >&2
			exit 2
			;;
		esac | sed -u -E "s|^([0-9.]+ \S+)\$|figure $protocol $workload \1|
			s|^([0-9.]+ \S+) (\w+)\$|figure $protocol $workload/\2 \1|"
	done
done
