#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Erlang's gen_sctp (gen_sctp.escript). COUNT= is how many messages are echoed (300).
. "$(dirname "$0")/programs_lib.sh"
begin 3 escript
COUNT=${COUNT:-300}
program=$(dirname "$0")/gen_sctp.escript
export HOME=$TMP

echo_all() { # FAMILY LOCAL
	serve listening escript "$program" server "$(server_address "$1")" &&
		run_client escript "$program" client "$2" "$(server_address "$1")" "$COUNT" &&
		grep -q 'all came back' "$TMP/client"
}

echo_all 4 10.9.0.1
result $? "IPv4: echoes, before and after a peel-off"
echo_all 6 fd09::1
result $? "IPv6: echoes, before and after a peel-off"
finish
