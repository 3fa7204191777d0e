#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# netperfmeter: flows in both directions over one-to-many sockets, ordered,
# unordered and partially reliable, controlled over an association of its own.
# SECONDS_EACH= is how long each takes (3).
. "$(dirname "$0")/programs_lib.sh"
begin 5 netperfmeter
SECONDS_EACH=${SECONDS_EACH:-3}

flow() { # FAMILY FLOW
	local host
	host=$(server_address "$1")
	if [ "$1" = 6 ]; then host="[$host]"; fi
	serve 'Active Mode|Passive Mode' stdbuf -oL netperfmeter 9000 &&
		run_client netperfmeter "$host:9000" "-runtime=$SECONDS_EACH" -sctp "$2"
}

# Both directions have moved something.
moved() {
	[ "$(grep -cE 'Packets: +[1-9][0-9]* packets' "$TMP/client")" -ge 2 ]
}

for family in 4 6; do
	flow "$family" const0:const1400:const0:const1400 && moved
	result $? "IPv$family, as fast as it goes"
	flow "$family" const50:exp1000:const50:exp1000:unordered=0.5:reliable=0.5 && moved
	result $? "IPv$family, half unordered, half unreliable"
done
finish
