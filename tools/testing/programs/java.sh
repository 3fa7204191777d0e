#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Java's com.sun.nio.sctp (SctpEcho.java). COUNT= is how many messages each of two
# associations echoes (100).
. "$(dirname "$0")/programs_lib.sh"
begin 3 java
COUNT=${COUNT:-100}
program=$(dirname "$0")/SctpEcho.java

echo_all() { # FAMILY LOCAL
	serve listening java "$program" server "$(server_address "$1")" &&
		run_client java "$program" client "$(server_address "$1")" "$2" "$COUNT" &&
		[ "$(grep -c 'all came back' "$TMP/client")" = 2 ] && ended
}

echo_all 4 10.9.0.1
result $? "IPv4: echoes of an SctpMultiChannel, and of a branch"
echo_all 6 fd09::1
result $? "IPv6: echoes of an SctpMultiChannel, and of a branch"
finish
