#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every system call with each of its allocations and accesses to user memory
# failing once: sctp_fail_nth says what must hold.
. "$(dirname "$0")/soak_lib.sh"

need_sctp
mark_log
ktap_plan 3
for kind in "${KINDS[@]}"; do prepare_faults "$kind"; done
# Some calls want a second address.
ip netns add "$NS_A" && ip -n "$NS_A" link set lo up &&
	ip -n "$NS_A" addr add 10.9.0.1/32 dev lo && ip -n "$NS_A" addr add fd09::1/128 dev lo nodad
on_a "$BIN/sctp_fail_nth" >"$TMP/calls" 2>&1
rc=$?
sed 's/^/# /' "$TMP/calls"
tally "$(awk '{ for (i = 2; i <= NF; i++) if ($i == "faults,") n += $(i - 1) } END { print n + 0 }' "$TMP/calls")" \
	"faults in system calls"
ktap $rc "every fault of every call"
conclude
