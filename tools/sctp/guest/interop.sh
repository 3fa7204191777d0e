#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# interop.sh ME PEER BIN LABEL PEER_LABEL [KO]: one end of the conversation between
# two guests, 1 or 2. Both go through the same list of cases in step: the shared
# directory says when a server listens and how each end fared. Guest 1 reports.
# KO is our module, which guest 2 cannot load beside the kernel's own.
. "$TOP/tools/sctp/guest/lib.sh"
me=$1 peer=$2 bin=$3 label=$4 peer_label=$5 ko=${6:-}
XFER_LIMIT=120

fatal() {
	echo "Bail out! guest $me ($label): $*"
	exit 1
}
put() { # NAME TEXT: appears whole or not at all
	echo "$2" >"$SHARED/.$1.$me" && mv "$SHARED/.$1.$me" "$SHARED/$1"
}
# wait_for, but not for a guest that has ended.
wait_for_file() { # SECONDS NAME
	wait_for "$1" test -e "$SHARED/$2" -o -e "$SHARED/over"
	[ -e "$SHARED/$2" ]
}

ip addr add "192.0.2.$me/24" dev eth0
ip addr add "2001:db8::$me/64" dev eth0 nodad
ip link set eth0 up
put "up.$me" up
wait_for_file 300 "up.$peer" || fatal "the other guest did not come up"
# The link works, for both families, before anything is made of it.
wait_for 30 busybox ping -c 1 -W 1 "192.0.2.$peer" || fatal "no IPv4 between the guests"
wait_for 30 busybox ping -c 1 -W 1 "2001:db8::$peer" || fatal "no IPv6 between the guests"

CASES=()
for family in 4 6; do
	for style in one-to-one one-to-many; do
		for server in 1 2; do
			CASES+=("$family $style $server 10M one-way")
		done
	done
	CASES+=("$family one-to-many 1 2M both-ways" "$family one-to-one 2 2M both-ways")
done

# One end of case N: leaves its exit status in N.server or N.client.
take_part() {
	local n=$1 family=$2 style=$3 server=$4 bytes=$5 ways=$6 pid address
	local options=(-"$family" -p $((5000 + n)) -s 4 -t "$XFER_LIMIT")
	if [ "$style" = one-to-many ]; then options+=(-m); fi
	if [ "$server" = "$me" ]; then
		"$bin/sctp_xfer" server "${options[@]}" >"$SHARED/$n.server.out" 2>&1 &
		pid=$!
		listens() { grep -q listening "$SHARED/$n.server.out" || ! kill -0 $pid 2>/dev/null; }
		wait_for 30 listens
		put "$n.listens" now
		wait $pid
		put "$n.server" $?
	else
		address=192.0.2.$peer
		if [ "$family" = 6 ]; then address=2001:db8::$peer; fi
		options+=(-b "$bytes" -S "$n")
		if [ "$ways" = both-ways ]; then options+=(-B); fi
		wait_for_file $((2 * XFER_LIMIT)) "$n.listens" || fatal "no server in case $n"
		"$bin/sctp_xfer" client "${options[@]}" "$address" >"$SHARED/$n.client.out" 2>&1
		put "$n.client" $?
	fi
	{ wait_for_file $((2 * XFER_LIMIT)) "$n.server" && wait_for_file $((2 * XFER_LIMIT)) "$n.client"; } ||
		fatal "case $n does not end"
}

# refused: it says so by EBUSY, and why in the log.
refused() {
	local said
	said=$(insmod "$ko" 2>&1) && return 1
	dmesg | grep 'rust_sctp: IPPROTO_SCTP is taken' && grep 'Device or resource busy' <<<"$said" ||
		{ echo "insmod said: $said" && return 1; }
}

planned=${#CASES[@]}
if [ -n "$ko" ]; then planned=$((planned + 1)); fi
if [ "$me" = 1 ]; then echo "1..$planned"; fi
bad=0
for ((n = 1; n <= ${#CASES[@]}; n++)); do
	read -r family style server bytes ways <<<"${CASES[n - 1]}"
	take_part "$n" "$family" "$style" "$server" "$bytes" "$ways"
	[ "$me" = 1 ] || continue
	from=$label to=$peer_label
	if [ "$server" = 1 ]; then from=$peer_label to=$label; fi
	what="$from client to $to server, IPv$family, $style, $bytes $ways"
	if [ "$(cat "$SHARED/$n.client")" = 0 ] && [ "$(cat "$SHARED/$n.server")" = 0 ]; then
		echo "ok $n $what: $(sed -n 's/.* streams, \(.*\): intact/\1/p' "$SHARED/$n.server.out" | tail -n 1)"
	else
		for end in client server; do
			echo "# $end: exit status $(cat "$SHARED/$n.$end")"
			sed 's/^/# /' "$SHARED/$n.$end.out"
		done
		echo "not ok $n $what"
		bad=1
	fi
done

if [ -n "$ko" ] && [ "$me" = 2 ]; then
	rc=0
	refused >"$SHARED/refused.out" 2>&1 || rc=$?
	put refused $rc
elif [ -n "$ko" ]; then
	wait_for_file 30 refused || fatal "guest $peer does not try to load both modules"
	if [ "$(cat "$SHARED/refused")" = 0 ]; then
		echo "ok $planned EBUSY for our module beside the kernel's own, and the reason in the log"
	else
		sed 's/^/# /' "$SHARED/refused.out"
		echo "not ok $planned EBUSY for our module beside the kernel's own, and the reason in the log"
		bad=1
	fi
fi
exit $bad
