# SPDX-License-Identifier: GPL-2.0
# Shared by the shell tests of this folder; sourced, never run. KTAP output, two
# network namespaces joined by veth, transfers between them, loading and
# removing of the module, and a watch on the kernel's log.
#
# From the environment:
#	MODULE_KO	the module under test, for insmod
#	BIN		where sctp_xfer and sctp_flood are (default: beside the script)
# shellcheck shell=bash disable=SC2034

set -u

KSFT_PASS=0
KSFT_FAIL=1
KSFT_SKIP=4

HERE=$(cd "$(dirname "$0")" && pwd)
BIN=${BIN:-$HERE}
MODULE_KO=${MODULE_KO:-}
MODULE_NAME=$(basename "${MODULE_KO:-rust_sctp}" .ko)
TMP=$(mktemp -d)
NS_A=sctp-a-$$
NS_B=sctp-b-$$
NS_C=sctp-c-$$
PIDS=()
ktap_number=0
ktap_failed=0
ktap_skipped=0

ktap_plan() {
	echo "TAP version 13"
	echo "1..$1"
}

ktap_skip_all() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit "$KSFT_SKIP"
}

# ktap RESULT NAME: RESULT is an exit code.
ktap() {
	ktap_number=$((ktap_number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $ktap_number $2"
	else
		echo "not ok $ktap_number $2"
		ktap_failed=$((ktap_failed + 1))
	fi
}

# ktap_skip NAME
ktap_skip() {
	ktap_number=$((ktap_number + 1))
	ktap_skipped=$((ktap_skipped + 1))
	echo "ok $ktap_number $1 # SKIP"
}

ktap_finish() {
	echo "# Totals: pass:$((ktap_number - ktap_failed - ktap_skipped)) fail:$ktap_failed xfail:0 xpass:0 skip:$ktap_skipped error:0"
	[ "$ktap_failed" = 0 ] && exit "$KSFT_PASS"
	exit "$KSFT_FAIL"
}

note() { echo "# $*"; }

# Prints files as diagnostics.
show() {
	local f
	for f in "$@"; do
		[ -e "$f" ] && sed "s/^/# $(basename "$f"): /" "$f" | tail -n 40
	done
}

cleanup() {
	local pid
	for pid in "${PIDS[@]:-}"; do
		[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
	done
	wait 2>/dev/null
	ip netns del "$NS_A" 2>/dev/null
	ip netns del "$NS_B" 2>/dev/null
	ip netns del "$NS_C" 2>/dev/null
	rm -rf "$TMP"
}
trap cleanup EXIT

# wait_for SECONDS COMMAND...: until the command succeeds. Who waits for long asks less
# often: to ask takes longer than to wait where processors are emulated.
wait_for() {
	local end=$((SECONDS + $1)) pause=50
	shift
	until "$@"; do
		[ "$SECONDS" -ge "$end" ] && return 1
		sleep "$(printf '0.%03d' $pause)"
		pause=$((pause < 500 ? pause * 5 / 4 : pause))
	done
}

need_root() {
	[ "$(id -u)" = 0 ] || ktap_skip_all "need root"
}

module_loaded() { grep -q "^$MODULE_NAME " /proc/modules; }

is_c_module() { [ -e /sys/module/sctp ]; }

# With a module given it is loaded; otherwise SCTP must be there already.
need_sctp() {
	need_root
	if [ -n "$MODULE_KO" ] && ! module_loaded; then
		insmod "$MODULE_KO" || ktap_skip_all "insmod $MODULE_KO failed"
	fi
	grep -q '^SCTP ' /proc/net/protocols || ktap_skip_all "no SCTP in this kernel"
}

# The tests that remove the module. The C implementation holds references to
# itself and cannot be removed.
need_removable_module() {
	need_root
	[ -n "$MODULE_KO" ] || ktap_skip_all "MODULE_KO= names no module"
	[ "$MODULE_NAME" != sctp ] || ktap_skip_all "the C implementation cannot be removed"
	if module_loaded; then
		rmmod "$MODULE_NAME" || ktap_skip_all "$MODULE_NAME is in use"
	fi
}

# What the module counts, where there is debugfs.
OBJECTS=/sys/kernel/debug/rust_sctp

no_objects() {
	! [ -d "$OBJECTS" ] || ! grep -qvx 0 "$OBJECTS"/*
}

# remove_module SECONDS: everything that it counts comes down to zero, and rmmod
# succeeds, within that time. What a socket leaves to RCU and to the end of a
# process takes a moment.
remove_module() {
	if wait_for "$1" no_objects && wait_for "$1" rmmod "$MODULE_NAME" 2>"$TMP/rmmod"; then
		return
	fi
	show "$TMP/rmmod"
	grep "^$MODULE_NAME " /proc/modules | sed 's/^/# /'
	! [ -d "$OBJECTS" ] || grep -H . "$OBJECTS"/* | sed 's/^/# /'
	# Whose it is, if its namespace still has a name.
	local ns
	for ns in $(ip netns list | cut -d ' ' -f 1); do
		ip netns exec "$ns" cat /proc/net/sctp/assocs | sed "s/^/# $ns: /"
	done
	return 1
}

# From here on the kernel's log is watched.
mark_log() {
	LOG_MARK="sctp-selftest-$$-$RANDOM$RANDOM"
	echo "$LOG_MARK" >/dev/kmsg
}

# Says what is suspicious in it, and fails if something is.
check_log() {
	dmesg | sed "1,/$LOG_MARK/d" >"$TMP/log"
	if grep -E 'WARNING|BUG|Oops|[Pp]anic|general protection|Call Trace|refcount_t|KASAN|UBSAN|INFO: rcu|stall|lockup|hung task|Attempt to release|unregister_netdevice|Objects remaining|leak|scheduling while atomic|suspicious RCU' \
		"$TMP/log" >"$TMP/splat"; then
		show "$TMP/splat"
		return 1
	fi
}

on_a() { ip netns exec "$NS_A" "$@"; }
on_b() { ip netns exec "$NS_B" "$@"; }

#	NS_A (client)                      NS_B (server)
#	veth0 10.9.0.1, fd09::1  <------>  veth0 10.9.0.2, fd09::2
setup_veth() {
	local ns
	ip netns add "$NS_A" && ip netns add "$NS_B" || return
	ip link add veth0 netns "$NS_A" type veth peer name veth0 netns "$NS_B" ||
		return
	for ns in "$NS_A" "$NS_B"; do
		ip -n "$ns" link set lo up
	done
	ip -n "$NS_A" addr add 10.9.0.1/24 dev veth0 &&
		ip -n "$NS_A" addr add fd09::1/64 dev veth0 nodad &&
		ip -n "$NS_B" addr add 10.9.0.2/24 dev veth0 &&
		ip -n "$NS_B" addr add fd09::2/64 dev veth0 nodad &&
		ip -n "$NS_A" link set veth0 up &&
		ip -n "$NS_B" link set veth0 up
}

remove_veth() {
	ip netns del "$NS_A" && ip netns del "$NS_B"
}

# Next to these, a device in NS_C that has no addresses, so that the kernel there
# takes no part. NS_B has 10.9.1.1 and fd0a::1 to it.
setup_attacker() {
	local mac
	ip netns add "$NS_C" &&
		ip link add veth1 netns "$NS_B" type veth peer name veth1 netns "$NS_C" ||
		return
	echo 1 | ip netns exec "$NS_C" tee /proc/sys/net/ipv6/conf/veth1/disable_ipv6 >/dev/null
	mac=$(ip netns exec "$NS_C" cat /sys/class/net/veth1/address) &&
		ip -n "$NS_B" addr add 10.9.1.1/24 dev veth1 &&
		ip -n "$NS_B" addr add fd0a::1/64 dev veth1 nodad &&
		ip -n "$NS_B" link set veth1 up &&
		ip -n "$NS_C" link set veth1 up &&
		ip -n "$NS_B" neigh add 10.9.1.2 lladdr "$mac" dev veth1 &&
		ip -n "$NS_B" neigh add fd0a::2 lladdr "$mac" dev veth1 || return
	MAC=$(on_b cat /sys/class/net/veth1/address)
}

# attacker MODE OPTION...: sctp_flood there, before all others on a single processor.
attacker() {
	local mode=$1
	shift
	nice -n -10 ip netns exec "$NS_C" "$BIN/sctp_flood" "$mode" -i veth1 -m "$MAC" "$@"
}

# start COMMAND...: in the background; its pid is in STARTED. A program, not a
# function, whose pid would be a shell's.
start() {
	"$@" &
	STARTED=$!
	PIDS+=("$STARTED")
}

server_address() {
	case $1 in
	4) echo 10.9.0.2 ;;
	6) echo fd09::2 ;;
	esac
}

# The two ends of a transfer have a tag, so that several can run at once: what
# they say is in $TMP/TAG.server and $TMP/TAG.client.
declare -A SERVER=() CLIENT=()

style_option() {
	[ "$1" = one-to-many ] && echo -m
}

# start_server TAG FAMILY STYLE [OPTION...]: STYLE is one-to-one or one-to-many.
start_server() {
	local tag=$1 family=$2 style
	style=$(style_option "$3")
	shift 3
	: >"$TMP/$tag.server"
	# shellcheck disable=SC2086
	start ip netns exec "$NS_B" "$BIN/sctp_xfer" server "-$family" $style "$@" >>"$TMP/$tag.server" 2>&1
	SERVER[$tag]=$STARTED
	wait_for 20 grep -q listening "$TMP/$tag.server"
}

# start_client TAG FAMILY STYLE [OPTION...]
start_client() {
	local tag=$1 family=$2 style
	style=$(style_option "$3")
	shift 3
	: >"$TMP/$tag.client"
	# shellcheck disable=SC2086
	start ip netns exec "$NS_A" "$BIN/sctp_xfer" client "-$family" $style "$@" \
		"$(server_address "$family")" >>"$TMP/$tag.client" 2>&1
	CLIENT[$tag]=$STARTED
}

# end_server TAG RESULT-OF-THE-CLIENTS: it must end, and well.
end_server() {
	local tag=$1 rc=$2
	# It would only wait for what cannot come any more.
	[ "$rc" = 0 ] || kill -KILL "${SERVER[$tag]}" 2>/dev/null
	wait "${SERVER[$tag]}" || rc=1
	unset "SERVER[$tag]"
	if [ "$rc" = 0 ]; then
		show "$TMP/$tag.server" | grep intact
	else
		show "$TMP/$tag.server" "$TMP/$tag".client*
	fi
	return "$rc"
}

# stop_transfers TAG...: tells both ends of those that go on until then (-b 0).
stop_transfers() {
	local tag
	for tag; do kill -TERM "${SERVER[$tag]}" "${CLIENT[$tag]}"; done
}

# end_transfer TAG: both ends.
end_transfer() {
	local tag=$1 rc=0
	wait "${CLIENT[$tag]}" || rc=1
	unset "CLIENT[$tag]"
	end_server "$tag" "$rc"
}

# start_transfer TAG FAMILY STYLE [OPTION...]: options of the client; those that
# the server must have too are handed to it.
start_transfer() {
	local timeout=${XFER_TIMEOUT:-300} i args=("${@:4}") both=()
	for ((i = 0; i < ${#args[@]}; i++)); do
		case ${args[i]} in
		-s | -R | -p) both+=("${args[i]}" "${args[i + 1]}") ;;
		esac
	done
	start_server "$1" "$2" "$3" -t "$timeout" "${both[@]}" &&
		start_client "$1" "$2" "$3" -t "$timeout" -w 20 "${args[@]}"
}

# transfer FAMILY STYLE [OPTION...]: one, from its beginning to its end.
transfer() {
	start_transfer only "$@" && end_transfer only
}
