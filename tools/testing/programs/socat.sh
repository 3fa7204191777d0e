#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# socat over SCTP: a file in either direction, and an echo to and from several
# clients at once. SIZE= is that of the file (5M).
. "$(dirname "$0")/programs_lib.sh"
begin 8 socat withsctp
make_data "$TMP/data" "${SIZE:-5M}"

# An IPv6 address in brackets.
host() {
	case $1 in
	4) server_address 4 ;;
	6) echo "[$(server_address 6)]" ;;
	esac
}

to_server() {
	serve 'listening on' socat -d -d -u "SCTP$1-LISTEN:5000" "CREATE:$TMP/out" &&
		run_client socat -u "OPEN:$TMP/data" "SCTP$1-CONNECT:$(host "$1"):5000" &&
		ended && cmp "$TMP/data" "$TMP/out"
}

from_server() {
	serve 'listening on' socat -d -d -u "OPEN:$TMP/data" "SCTP$1-LISTEN:5000" &&
		run_client socat -u "SCTP$1-CONNECT:$(host "$1"):5000" "CREATE:$TMP/out" &&
		ended && cmp "$TMP/data" "$TMP/out"
}

one_echo() { # FAMILY NUMBER
	# SCTP knows no half-closed connections, so the end of the input must not be
	# told before all has come back.
	{ echo "hello $2" && wait_for "$LIMIT" grep -q hello "$TMP/echo.$2"; } |
		on_a timeout "$LIMIT" socat - "SCTP$1-CONNECT:$(host "$1"):5000" >"$TMP/echo.$2"
}

echo_to_all() {
	local i rc=0 pids=()
	rm -f "$TMP"/echo.*
	serve 'listening on' socat -d -d "SCTP$1-LISTEN:5000,fork" EXEC:cat || return
	for i in 1 2 3 4 5; do
		: >"$TMP/echo.$i"
		one_echo "$1" "$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i" || rc=1; done
	for i in 1 2 3 4 5; do
		echo "hello $i" | cmp - "$TMP/echo.$i" || rc=1
	done
	return "$rc"
}

with_tcp() {
	serve 'listening on' withsctp socat -d -d -u "TCP4-LISTEN:5000" "CREATE:$TMP/out" &&
		run_client socat -u "OPEN:$TMP/data" "SCTP4-CONNECT:$(host 4):5000" &&
		ended && cmp "$TMP/data" "$TMP/out"
}

for family in 4 6; do
	to_server "$family"
	result $? "IPv$family: a file to the server"
	from_server "$family"
	result $? "IPv$family: a file from the server"
	echo_to_all "$family"
	result $? "IPv$family: five echoes"
done
with_tcp
result $? "a program for TCP that withsctp has made one for SCTP"
finish
