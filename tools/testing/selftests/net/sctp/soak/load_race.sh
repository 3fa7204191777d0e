#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# insmod and rmmod as fast as they go, while three programs make sockets, do this
# and that with them and close them as fast as they can. A socket that could be had
# works, and what could not be removed stays as it was.
. "$(dirname "$0")/soak_lib.sh"

# Who finds no SCTP is not to start a program that looks for it.
modprobe=$(cat /proc/sys/kernel/modprobe)
echo /bin/false >/proc/sys/kernel/modprobe
trap 'echo "$modprobe" >/proc/sys/kernel/modprobe; cleanup' EXIT

if module_loaded; then rmmod "$MODULE_NAME" || ktap_skip_all "$MODULE_NAME is in use"; fi
mark_log
setup_veth || ktap_skip_all "no veth"
ktap_plan 4
swarms=()
for i in 1 2 3; do
	draw 1 1000000000
	# Nobody listens there: no association outlives its socket.
	start ip netns exec "$NS_A" "$BIN/sctp_swarm" -f -n 1 -S "$DRAWN" 10.9.0.1 ::1 >"$TMP/swarm$i" 2>&1
	swarms+=("$STARTED")
done
"$BIN/sctp_reload" "$MODULE_KO" "$MODULE_NAME" "$SECS" >"$TMP/reload" 2>&1
rc=$?
show "$TMP/reload"
tally "$(awk '/^removed/ { print $2 }' "$TMP/reload")" "removals as fast as they go"
ktap $rc "insmod and rmmod under socket()"
rc=0
for i in 0 1 2; do
	kill -KILL "${swarms[i]}" 2>/dev/null
	wait "${swarms[i]}" 2>/dev/null
	[ $? = 137 ] || { show "$TMP/swarm$((i + 1))" && rc=1; }
done
ktap $rc "the programs were alive"
! module_loaded || remove_module 30
ktap $? "removed after them"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
