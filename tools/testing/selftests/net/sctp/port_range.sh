#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The variants for SCTP of the kernel's own test of IP_LOCAL_PORT_RANGE. Its
# output is KTAP.
. "$(dirname "$0")/sctp_lib.sh"

need_sctp
[ -x "$BIN/ip_local_port_range" ] || ktap_skip_all "no ip_local_port_range"
ip netns add "$NS_A" && ip -n "$NS_A" link set lo up || ktap_skip_all "no namespaces"
on_a sysctl -qw net.ipv4.ip_local_port_range="40000 49999"
on_a "$BIN/ip_local_port_range" -v ip4_stcp -v ip6_stcp
