#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Transfers over a link that loses, reorders and duplicates packets in both
# directions, on four streams, both socket styles, both families, all four at
# the same time: everything must arrive, each message once, in order, byte by
# byte (sctp_xfer verifies).
#
#	SIZE=		how much each transfer sends (100M)
#	NETEM=		what the link does
#	XFER_TIMEOUT=	seconds that each may take (540)
. "$(dirname "$0")/sctp_lib.sh"

SIZE=${SIZE:-100M}
NETEM=${NETEM:-delay 1ms 0.2ms loss 2% reorder 25% duplicate 1%}
XFER_TIMEOUT=${XFER_TIMEOUT:-540}
need_sctp
setup_veth || ktap_skip_all "no veth"
for ns in "$NS_A" "$NS_B"; do
	# shellcheck disable=SC2086
	tc -n "$ns" qdisc add dev veth0 root netem limit 10000 $NETEM ||
		ktap_skip_all "no netem"
done
mark_log

ktap_plan 7
port=5001
for family in 4 6; do
	for style in one-to-one one-to-many; do
		start_transfer $family.$style $family $style -p $port -b "$SIZE" \
			-s 4 -S $port -v
		port=$((port + 1))
	done
done
for family in 4 6; do
	for style in one-to-one one-to-many; do
		end_transfer $family.$style
		ktap $? "$SIZE, IPv$family $style, $NETEM"
	done
done

# That the link was as bad as it should be, or it proves nothing.
statistics=$(tc -n "$NS_A" -s qdisc show dev veth0)
dropped=$(sed -n 's/.*dropped \([0-9]*\).*/\1/p' <<<"$statistics")
passed=$(sed -n 's/.* \([0-9]*\) pkt.*/\1/p' <<<"$statistics" | head -n 1)
note "the link dropped $dropped packets and passed $passed"
[ "${dropped:-0}" -gt 0 ]
ktap $? "packets were lost"
remove_veth
ktap $? "namespaces removed"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
