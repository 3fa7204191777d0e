# SPDX-License-Identifier: GPL-2.0
# Shared by the scripts of this folder; sourced, never run. Programs that know
# nothing of this module talk to each other between two namespaces, see
# sctp_lib.sh of the socket tests.
# shellcheck shell=bash

# shellcheck source=tools/testing/selftests/net/sctp/sctp_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../selftests/net/sctp/sctp_lib.sh"
# Seconds that anything may take.
LIMIT=${LIMIT:-60}

SERVER_PID=

# begin RESULTS PROGRAM...: RESULTS is how many there will be.
begin() {
	local program
	need_sctp
	for program in "${@:2}"; do
		command -v "$program" >/dev/null || ktap_skip_all "no $program"
	done
	setup_veth || ktap_skip_all "no veth"
	mark_log
	ktap_plan "$1"
}

# The one that belongs to server_address().
local_address() {
	case $1 in
	4) echo 10.9.0.1 ;;
	6) echo fd09::1 ;;
	esac
}

# serve READY COMMAND...: starts a server in the second namespace; it is ready when
# READY appears in what it says, $TMP/server.
serve() {
	local ready=$1
	shift
	: >"$TMP/server"
	start ip netns exec "$NS_B" timeout -k 5 "$LIMIT" "$@" >>"$TMP/server" 2>&1
	SERVER_PID=$STARTED
	wait_for "$LIMIT" grep -Eq -e "$ready" "$TMP/server"
}

# run_client COMMAND...: in the first namespace; what it says is in $TMP/client.
run_client() {
	on_a timeout -k 5 "$LIMIT" "$@" >"$TMP/client" 2>&1
}

# ended: the server ends by itself, and well.
ended() { wait "$SERVER_PID"; }

stop_server() {
	if [ -n "$SERVER_PID" ]; then
		kill "$SERVER_PID" 2>/dev/null
		wait "$SERVER_PID" 2>/dev/null
	fi
	return 0
}

# result RESULT NAME: as ktap(), with all that was said of what failed.
result() {
	[ "$1" = 0 ] || show "$TMP/client" "$TMP/server"
	ktap "$1" "$2"
	stop_server
}

# finish: the namespaces go, and the kernel's log is clean.
finish() {
	remove_veth && check_log
	ktap $? "nothing is left, nothing in the kernel's log"
	ktap_finish
}

# make_data FILE BYTES: random ones.
make_data() {
	head -c "$2" /dev/urandom >"$1"
}
