#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# ncat --sctp: a file from the server, with and without TLS, and a refusal. Not a
# file to the server: with --recv-only that shuts down its side at once, which ends
# an SCTP association, with the C module, too. SIZE= is that of the file (5M).
. "$(dirname "$0")/programs_lib.sh"
begin 5 ncat
make_data "$TMP/data" "${SIZE:-5M}"

from_server() { # FAMILY OPTION...
	serve 'Listening on' bash -c 'ncat -v --sctp "$@" -l 5000 --send-only <"$0"' "$TMP/data" "-$1" "${@:2}" &&
		run_client bash -c 'ncat --sctp "$@" --recv-only >"$0"' "$TMP/out" "-$1" "${@:2}" "$(server_address "$1")" 5000 &&
		ended && cmp "$TMP/data" "$TMP/out"
}

refused() {
	run_client ncat --sctp "$(server_address 4)" 5001 </dev/null && return 1
	grep -q 'Connection refused' "$TMP/client"
}

for family in 4 6; do
	from_server "$family"
	result $? "IPv$family: a file from the server"
done
from_server 4 --ssl
result $? "a file from the server, with TLS"
refused
result $? "refused where nobody listens"
finish
