#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh BIN SECS PROTOCOLS WORKLOAD...: measures inside a guest whose clock
# counts instructions, for SECS of its seconds each, and prints a line for each
# protocol and workload:
#
#	figure PROTOCOL WORKLOAD NUMBER
#
# and lines "begin" and "end" about each time of measuring, for a profile.
#
# A workload is stream/MTU/BYTES or stream/MTU/BYTES/N, iperf3 over loopback with
# messages of that many bytes, N with SCTP_NODELAY or TCP_NODELAY, in Mbit/s at the
# receiver; rr/BYTES, one such message at a time each way, in thousand round trips
# a second; or setup, associations or connections set up and torn down, in
# thousands a second.
. "$TOP/tools/sctp/guest/lib.sh"
bin=$1 secs=$2 protocols=$3
shift 3
port=5201

# What only a protocol can do is not measured with the others.
possible() { # PROTOCOL WORKLOAD
	local bytes
	[ "$1" = udp ] || return 0
	case $2 in
	stream/*/N)
		bytes=${2%/N}
		[ "${bytes##*/}" -le 65507 ]
		;;
	rr/*) ;;
	*) false ;;
	esac
}

stream() { # PROTOCOL MTU BYTES [N]
	local server options=(-c 127.0.0.1 -p "$port" -l "$3" -t "$secs" -f k)
	ip link set lo mtu "$2"
	case $1 in
	sctp) options+=(--sctp) ;;
	udp) options+=(-u -b 0) ;;
	esac
	[ "$1" = udp ] || [ -z "${4:-}" ] || options+=(-N)
	iperf3 -s -1 -p "$port" >/tmp/server.out 2>&1 &
	server=$!
	wait_for 10 grep -q listening /tmp/server.out
	echo "begin"
	timeout 120 iperf3 "${options[@]}" >/tmp/client.out 2>&1 || cat /tmp/client.out >&2
	echo "end"
	kill $server 2>/dev/null
	wait $server
	# The receiver's line at the client's end has what arrived.
	awk '/receiver/ { for (i = 2; i <= NF; i++) if ($i == "Kbits/sec") n = $(i - 1) }
		END { print n / 1000 }' /tmp/client.out
}

rate() { # PROTOCOL setup|rr [BYTES]
	ip link set lo mtu 65536
	echo "begin"
	"$bin/sctp_rate" "$1" "$2" "$secs" "${3:-}"
	echo "end"
}

if [ -n "${PROFILE:-}" ]; then sort /proc/kallsyms >"$OUT/kallsyms"; fi
for workload in "$@"; do
	IFS=/ read -r kind first second third <<<"$workload"
	for protocol in $protocols; do
		possible "$protocol" "$workload" || continue
		case $kind in
		stream) stream "$protocol" "$first" "$second" "$third" ;;
		setup | rr) rate "$protocol" "$kind" "$first" ;;
		*)
			echo "no workload $workload" >&2
			exit 2
			;;
		esac | sed -u -E "s|^[0-9.]+\$|figure $protocol $workload &|"
	done
done
