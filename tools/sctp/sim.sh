#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sim.sh [sweep|goodput|trace]: the network simulator. Without an argument N=
# scenarios from SEED= on, of each only MESSAGES= messages if that is given; with
# "sweep" N= scenarios in which every allocation fails; with "goodput" the table of
# what gets through a lossy link, in build/sim; with "trace" a transfer over two
# networks, and whether tshark can read what went over the wire.
. "$(dirname "$0")/lib.sh"
find_toolchain

profile=--release
case ${1:-} in
'') test=campaign::campaign default=100000 ;;
sweep) test=sweep::each_allocation_of_a_scenario_fails default=20 ;;
goodput) test=goodput::goodput default='' ;;
# Built as for make twin.
trace) test=trace::trace default='' profile='' ;;
*) die "usage: sim.sh [sweep|goodput|trace]" ;;
esac

say "build the simulator"
enter_twin
cargo_here test --locked ${profile:+$profile} --lib --no-run --quiet
say "$test"
SIM_N=${N:-$default} SIM_SEED=${SEED:-} SIM_MESSAGES=${MESSAGES:-} RUST_BACKTRACE=0 \
	cargo_here test --locked ${profile:+$profile} --lib --quiet -- \
	--exact --include-ignored --nocapture "tests::sim::$test" </dev/null
[ "${1:-}" = trace ] || exit 0

say "tshark reads the trace"
trace=$TWIN_TOP/build/sim/trace
text2pcap -q -D -t %H:%M:%S. -l 101 "$trace.txt" "$trace.pcap"
# A frame is fine if both checksums are found to be good (1) and nothing is malformed.
tshark -n -r "$trace.pcap" -o sctp.checksum:crc-32c -o ip.check_checksum:TRUE -T fields \
	-e frame.number -e sctp.checksum.status -e ip.checksum.status -e _ws.malformed 2>/dev/null |
	awk -F '\t' -v "packets=$(grep -c '^[IO] ' "$trace.txt")" '
		$2 != 1 || $3 != 1 || $4 != "" { print "packet " $1 ": " $0; bad = 1 }
		END { print NR " of " packets " packets"; exit bad || NR == 0 || NR != packets }'
