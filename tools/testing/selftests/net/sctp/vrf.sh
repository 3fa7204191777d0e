#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The kernel's own test of SCTP in VRFs, sctp_vrf.sh, as it is: servers that are
# bound to an interface, to a VRF or to neither, and who reaches whom. It is built
# and copied from the kernel's source. It sees by ss(8) who listens and what is
# left of associations.
. "$(dirname "$0")/sctp_lib.sh"

need_sctp
[ -x "$BIN/vrf/sctp_vrf.sh" ] || ktap_skip_all "no sctp_vrf.sh"
cd "$BIN/vrf" || exit "$KSFT_FAIL"
mark_log

# show LINE...: what it says, its verdicts in KTAP.
verdicts() {
	local line
	while read -r line; do
		case $line in
		"TEST "*"[PASS]") ktap 0 "$family: ${line%"[PASS]"}" ;;
		"TEST "*) ktap 1 "$family: ${line%"[FAIL]"}" ;;
		"***v4 Tests Done***") family=IPv6 ;;
		*) note "$line" ;;
		esac
	done
}

ktap_plan 26
family=IPv4
bash sctp_vrf.sh >"$TMP/said" 2>"$TMP/stderr"
rc=$?
verdicts <"$TMP/said"
[ "$rc" = 0 ] || show "$TMP/stderr"
ktap "$rc" "all of it"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
