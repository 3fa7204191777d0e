#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What `make demo` runs inside the guest:
#
#    ┌── netns client ──┐        veth        ┌── netns server ──┐
#    │ c0 192.0.2.1/24  ├────────────────────┤ s0 192.0.2.2/24  │
#    │    2001:db8::1   │                    │    2001:db8::2   │
#    └──────────────────┘                    └──────────────────┘
#
# Programs that know nothing of this module, sctp_test and sctp_darn of
# lksctp-tools, and a sample of this repository exchange messages. What arrived
# is compared with what was sent.
set -eu
# shellcheck source=tools/sctp/guest/lib.sh
. "$TOP/tools/sctp/guest/lib.sh"

bold() { printf '\n\033[1m%s\033[0m\n' "$*"; }
command_line() { printf '\033[36m$ %s\033[0m\n' "$*"; }
run() {
	command_line "$@"
	"$@"
}
failed() {
	echo "demo FAILED: $*"
	exit 1
}
# waits for a program to have said something
said() { # SECONDS FILE PATTERN
	wait_for "$1" grep -q "$3" "$2" || failed "no \"$3\" within $1 s; what was said: $(cat "$2")"
}
client() { ip netns exec client "$@"; }
cd /tmp

bold "1. The module goes in"
load_modules || failed "insmod"
run lsmod
dmesg | grep -iE 'sctp: ' | tail -n 3

bold "2. Two network namespaces, joined by veth"
ip netns add client
ip netns add server
ip link add c0 netns client type veth peer name s0 netns server
for n in client server; do ip -n $n link set lo up; done
ip -n client addr add 192.0.2.1/24 dev c0
ip -n server addr add 192.0.2.2/24 dev s0
ip -n client addr add 2001:db8::1/64 dev c0 nodad
ip -n server addr add 2001:db8::2/64 dev s0 nodad
ip -n client link set c0 up
ip -n server link set s0 up
run ip -n client -br addr show dev c0
run ip -n server -br addr show dev s0
ip netns exec server tcpdump -U --immediate-mode -B 8192 -s 2048 -i s0 -w trace.pcap sctp 2>tcpdump.err &
tcpdump=$!
said 30 tcpdump.err 'listening on'

# The sizes in what sctp_test says of the messages it sent or received. A large
# one may be received in pieces while it is still arriving.
sizes() { sed -nE "s/^.*($1) +([0-9]+) bytes.*/\\2/p" "$2"; }
sum() { awk '{ s += $1 } END { print s + 0 }'; }

exchange_sctp_test() { # CLIENT SERVER PORT
	local from=$1 to=$2 port=$3 pid n streams sent received
	ip netns exec server stdbuf -oL sctp_test -H "$to" -P "$port" -l >server.out 2>&1 &
	pid=$!
	said 30 server.out 'Server: Receiving packets'
	command_line sctp_test -H "$from" -P $((port + 1)) -h "$to" -p "$port" -s -c 4 -x 3 -M 4 -o 1
	client sctp_test -H "$from" -P $((port + 1)) -h "$to" -p "$port" -s -c 4 -x 3 -M 4 -o 1 \
		>client.out 2>&1 || failed "sctp_test: $(cat client.out)"
	said 60 server.out 'SHUTDOWN_COMPLETE\|SHUTDOWN_COMP'
	kill $pid
	wait $pid 2>/dev/null || true
	n=$(sizes 'sendmsg\(.*\)' client.out | wc -l)
	streams=$(sed -nE 's/.*SNDRCV\(stream=([0-9]+) .*/\1/p' server.out | sort -nu | tr '\n' ' ')
	[ "$n" = 30 ] || failed "sctp_test sent $n messages: $(cat client.out)"
	sent=$(sizes 'sendmsg\(.*\)' client.out | sum)
	received=$(sizes Data server.out | sum)
	[ "$sent" = "$received" ] ||
		failed "sctp_test sent $sent bytes and received $received: $(cat server.out)"
	grep -A 2 'Data' server.out | grep -v '^--\|cumtsn' | head -n 6
	echo "	..."
	echo "$from -> $to: $n messages of 1 to 32768 bytes, $received bytes received, on streams ${streams% }"
}

bold "3. sctp_test of lksctp-tools: ordered messages on four streams"
exchange_sctp_test 192.0.2.1 192.0.2.2 7000
exchange_sctp_test 2001:db8::1 2001:db8::2 7010

exchange_sctp_darn() { # CLIENT SERVER PORT
	local from=$1 to=$2 port=$3 pid
	ip netns exec server stdbuf -oL sctp_darn -H "$to" -P "$port" -l >server.out 2>&1 &
	pid=$!
	said 30 server.out 'sctp_darn listening'
	command_line "echo 'greetings over SCTP' | sctp_darn -H $from -P $((port + 1)) -h $to -p $port -s"
	# Its exit status at the end of input is 1 in any case.
	echo 'greetings over SCTP' |
		client sctp_darn -H "$from" -P $((port + 1)) -h "$to" -p "$port" -s >client.out 2>&1 || true
	said 60 server.out SHUTDOWN_COMP
	kill $pid
	wait $pid 2>/dev/null || true
	grep -q 'DATA([0-9]*): *greetings over SCTP' server.out ||
		failed "sctp_darn did not receive what was sent: $(cat client.out server.out)"
	grep 'NOTIFICATION\|DATA' server.out
}

bold "4. sctp_darn of lksctp-tools"
exchange_sctp_darn 192.0.2.1 192.0.2.2 7020
exchange_sctp_darn 2001:db8::1 2001:db8::2 7030

bold "5. samples/sctp: one socket of the server's, clients of both families, four streams"
samples=$TOP/build/samples
ip netns exec server stdbuf -oL "$samples/sctp_echo_server" -6 -p 7040 -c 2 >server.out 2>&1 &
pid=$!
said 30 server.out listening
for to in 192.0.2.2 2001:db8::2; do
	command_line sctp_echo_client -p 7040 -s 4 -n 8 $to
	client "$samples/sctp_echo_client" -p 7040 -s 4 -n 8 $to || failed "sctp_echo_client"
done
wait $pid || failed "sctp_echo_server: $(cat server.out)"

bold "6. On the wire: the handshake of an association, and its end, for each family"
# One association: its first four packets and its last three.
show() { # HOST PORT
	local all
	all=$(tcpdump -ttttt -nr trace.pcap "host $1 and port $2" 2>/dev/null | sed 's/^ 00:0/ /' | cut -c 1-150)
	head -n 4 <<<"$all"
	echo " ... $(($(wc -l <<<"$all") - 7)) packets"
	tail -n 3 <<<"$all"
	for chunk in 'INIT]' 'INIT ACK]' 'COOKIE ECHO]' 'COOKIE ACK]' 'SHUTDOWN]' 'SHUTDOWN ACK]' 'SHUTDOWN COMPLETE]'; do
		grep -qF "[$chunk" <<<"$all" || failed "there was no [$chunk on the wire"
	done
}
# What is captured shows up in the file some time later.
captured_all() { tcpdump -nr trace.pcap "host 2001:db8::2 and port 7040" 2>/dev/null | grep -qF '[SHUTDOWN COMPLETE]'; }
wait_for 10 captured_all || failed "tcpdump did not see the last association's end"
kill $tcpdump
wait $tcpdump || true
show 192.0.2.1 7000
show 2001:db8::1 7010

if [ "$MODULE" = c ]; then
	bold "7. The kernel's own module cannot be removed: its control sockets hold it"
	exit 0
fi
bold "7. The module goes out, with both namespaces alive"
command_line rmmod "$MODULE_NAME"
wait_for 10 unload_modules || failed "rmmod: $(unload_modules 2>&1)"
leftovers || failed "something was left behind"
ip netns list
echo "$MODULE_NAME unloaded cleanly"
