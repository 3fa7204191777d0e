#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# freeDiameter: two daemons find each other over SCTP, ask each other from time to time
# whether they live, and part. With TLS each pair of streams has a session of its own.
. "$(dirname "$0")/programs_lib.sh"
begin 5 freeDiameterd openssl

# certificate NAME [OPTION...]: who does not need one wants one nevertheless.
certificate() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1.example" \
		-keyout "$TMP/$1.key" -out "$TMP/$1.pem" "${@:2}" 2>>"$TMP/openssl"
}

certificate ca
for name in a z; do
	certificate $name -CA "$TMP/ca.pem" -CAkey "$TMP/ca.key" || show "$TMP/openssl"
done

# configure NAME ADDRESS PEER SETTINGS
configure() {
	cat >"$TMP/$1.conf" <<-END
		Identity = "$1.example";
		Realm = "example";
		No_TCP;
		SCTP_streams = 5;
		ListenOn = "$2";
		TwTimer = 6;
		TLS_Cred = "$TMP/$1.pem", "$TMP/$1.key";
		TLS_CA = "$TMP/ca.pem";
		LoadExtension = "dbg_msg_dumps.fdx";
		ConnectPeer = "$3" { $4 };
	END
}

# each_said COUNT WHAT: both of them have.
each_said() {
	local f
	for f in "$TMP/client" "$TMP/server"; do
		[ "$(grep -c -e "$2" "$f")" -ge "$1" ] || return
	done
}

# Besides the one at the beginning, a question that a timer asks.
are_friends() {
	wait_for 20 each_said 1 STATE_OPEN && wait_for 20 each_said 2 Device-Watchdog-Answer
}

# Threads that still decrypt sometimes stop it from ending, or it aborts, with both
# modules: so only without TLS.
part() { # CLIENT
	kill "$1" && wait "$1" && each_said 1 Disconnect-Peer-Answer &&
		kill "$SERVER_PID" && ended
}

meet() { # FAMILY [SECURITY]
	local a z rc
	a=$(local_address "$1") z=$(server_address "$1")
	configure a "$a" z.example "ConnectTo = \"$z\"; ${2:-}"
	configure z "$z" a.example "ConnectTo = \"$a\"; ${2:-}"
	serve 'daemon initialized' stdbuf -oL freeDiameterd -c "$TMP/z.conf" || return
	start ip netns exec "$NS_A" stdbuf -oL freeDiameterd -c "$TMP/a.conf" >"$TMP/client" 2>&1
	if [ -n "${2:-}" ]; then
		are_friends && part "$STARTED"
	else
		are_friends
	fi
	rc=$?
	kill -KILL "$STARTED" 2>/dev/null
	return "$rc"
}

for family in 4 6; do
	meet "$family" 'No_TLS;'
	result $? "IPv$family"
	meet "$family"
	result $? "IPv$family, with TLS"
done
finish
