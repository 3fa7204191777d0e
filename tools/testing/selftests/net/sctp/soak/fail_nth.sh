#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every system call with each of its allocations and accesses to user memory
# failing once: sctp_fail_nth says what must hold.
. "$(dirname "$0")/soak_lib.sh"

need_sctp
mark_log
ktap_plan 3
for kind in "${KINDS[@]}"; do prepare_faults "$kind"; done
ip netns add "$NS_A" && ip -n "$NS_A" link set lo up
on_a "$BIN/sctp_fail_nth" >"$TMP/calls" 2>&1
rc=$?
sed 's/^/# /' "$TMP/calls"
ktap $rc "every fault of every call"
conclude
