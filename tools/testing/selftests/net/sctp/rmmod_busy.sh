#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Removing the module: refused while a program has a socket, while data flow and
# while an association is still closing, and nothing of that notices the attempt;
# at once otherwise, with network namespaces alive that have used it.
. "$(dirname "$0")/sctp_lib.sh"

need_removable_module
# The namespaces come first and stay: the module has to find and to leave them.
setup_veth || ktap_skip_all "no veth"
mark_log

# refused: rmmod fails, and because of use.
refused() {
	local out
	out=$(rmmod "$MODULE_NAME" 2>&1) && return 1
	module_loaded || return 1
	grep -qE 'in use|busy|temporarily unavailable' <<<"$out" || {
		note "rmmod said: $out"
		return 1
	}
}

at_once() { remove_module 2; }

ktap_plan 17
insmod "$MODULE_KO"
ktap $? "insmod"
rmmod "$MODULE_NAME"
ktap $? "rmmod of a module that was not used"
insmod "$MODULE_KO"
ktap $? "insmod again"

for style in one-to-one one-to-many; do
	start_server idle 4 $style -t 600
	refused
	ktap $? "refused with a $style socket that listens"
	kill -KILL "${SERVER[idle]}"
	wait "${SERVER[idle]}" 2>/dev/null
	at_once
	ktap $? "at once after its end"
	insmod "$MODULE_KO"
done

# shellcheck disable=SC2034 # for start_transfer
XFER_TIMEOUT=600
start_transfer four 4 one-to-one -p 5001 -b 0 -B
start_transfer six 6 one-to-many -p 5002 -b 0 -B
rc=0
for ((i = 0; i < 20; i++)); do
	refused || rc=1
	sleep 0.02
done
ktap $rc "refused 20 times while data flow"
stop_transfers four six
end_transfer four
ktap $? "IPv4 one-to-one transfer unharmed"
end_transfer six
ktap $? "IPv6 one-to-many transfer unharmed"
at_once
ktap $? "at once after both"

# An association whose program is gone, but whose peer does not answer.
insmod "$MODULE_KO"
# Its retransmissions are to come soon once the peer is there again.
on_a sysctl -qw net.sctp.rto_max=2000
start_transfer cut 4 one-to-one -b 0
wait_for 20 grep -q sctp_xfer "$TMP/cut.server"
ip -n "$NS_B" link set veth0 down
kill -KILL "${CLIENT[cut]}"
wait "${CLIENT[cut]}" 2>/dev/null
refused
ktap $? "refused while an association is closing"
ip -n "$NS_B" link set veth0 up
# Gone with the interface.
ip -n "$NS_B" addr replace fd09::2/64 dev veth0 nodad
kill -KILL "${SERVER[cut]}"
wait "${SERVER[cut]}" 2>/dev/null
remove_module 60
ktap $? "removed when it has closed"

# The namespaces are as good as before.
insmod "$MODULE_KO"
transfer 6 one-to-one -b 1M
ktap $? "insmod and traffic in the same namespaces"
at_once
ktap $? "rmmod with the namespaces alive"
remove_veth
ktap $? "namespaces removed without the module"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
