#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The programs of lksctp-tools: sctp_test with messages of all sizes, ordered and not,
# on one stream or many; sctp_darn with one address and with two; sctp_status.
. "$(dirname "$0")/programs_lib.sh"
begin 13 sctp_test sctp_darn sctp_status

# The sizes of what sctp_test says it has sent or received. A large message may be
# received in pieces while it still arrives.
bytes() { sed -nE "s/^.*($1) +([0-9]+) bytes.*/\\2/p" "$2" | awk '{ s += $1 } END { print s + 0 }'; }

all_received() {
	[ "$(bytes 'sendmsg\(.*\)' "$TMP/client")" -gt 0 ] &&
		[ "$(bytes 'sendmsg\(.*\)' "$TMP/client")" = "$(bytes Data "$TMP/server")" ]
}

exchange() { # FAMILY OPTION...
	local from to
	from=$(local_address "$1") to=$(server_address "$1")
	serve 'Receiving packets' stdbuf -oL sctp_test -H "$to" -P 5000 -l &&
		run_client sctp_test -H "$from" -P 5001 -h "$to" -p 5000 -s "${@:2}" &&
		wait_for "$LIMIT" all_received
}

for family in 4 6; do
	exchange "$family" -c 4 -x 20 -M 5 -o 1
	result $? "sctp_test, IPv$family: ordered, on six streams"
	exchange "$family" -c 6 -x 50 -M 100 -o 3 -t 1
	result $? "sctp_test, IPv$family: of any size and order, on 101 streams"
	exchange "$family" -c 1 -x 20 -T
	result $? "sctp_test, IPv$family: from a one-to-one socket"
done

# darn FAMILY SERVER_OPTIONS CLIENT_OPTIONS
darn() {
	local from to server client
	from=$(local_address "$1") to=$(server_address "$1")
	read -ra server <<<"$2"
	read -ra client <<<"$3"
	serve 'listening' stdbuf -oL sctp_darn -H "$to" -P 5000 -l "${server[@]}" || return
	# Its exit status at the end of the input is 1 in any case.
	printf 'first\nsecond\n' |
		run_client sctp_darn -H "$from" -P 5001 -h "$to" -p 5000 -s "${client[@]}"
	wait_for "$LIMIT" grep -q 'DATA([0-9]*): *second' "$TMP/server" &&
		grep -q 'DATA([0-9]*): *first' "$TMP/server"
}

for family in 4 6; do
	darn "$family" '' ''
	result $? "sctp_darn, IPv$family"
done
for end in "$NS_A" "$NS_B"; do
	n=$([ "$end" = "$NS_A" ]; echo $((1 + $?)))
	ip -n "$end" addr add "10.9.0.1$n/24" dev veth0
	ip -n "$end" addr add "fd09::1$n/64" dev veth0 nodad
done
darn 4 '-B 10.9.0.12' '-B 10.9.0.11'
result $? "sctp_darn, IPv4: two addresses at each end"
darn 6 '-B fd09::12' '-B fd09::11'
result $? "sctp_darn, IPv6: two addresses at each end"
darn 4 '-t' '-t'
result $? "sctp_darn, one-to-one sockets"

serve 'Starting tests' stdbuf -oL sctp_status -H 10.9.0.2 -P 5000 -l &&
	run_client sctp_status -H 10.9.0.1 -P 5001 -h 10.9.0.2 -p 5000 -s -x 3 -X 10 -f "$TMP/status" &&
	grep -q ESTABLISHED "$TMP/status"
result $? "sctp_status"
finish
