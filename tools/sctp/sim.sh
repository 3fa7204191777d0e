#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# sim.sh [sweep|goodput]: the network simulator. Without an argument N= scenarios
# from SEED= on, of each only MESSAGES= messages if that is given; with "sweep"
# N= scenarios in which every allocation fails; with "goodput" the table of what
# gets through a lossy link, in build/sim.
. "$(dirname "$0")/lib.sh"
find_toolchain

case ${1:-} in
'') test=campaign::campaign default=100000 ;;
sweep) test=sweep::each_allocation_of_a_scenario_fails default=20 ;;
goodput) test=goodput::goodput default= ;;
*) die "usage: sim.sh [sweep|goodput]" ;;
esac

say "build the simulator"
cd "$TOP/tools/testing/sctp" || exit
cargo_here test --locked --release --lib --no-run --quiet
say "$test"
SIM_N=${N:-$default} SIM_SEED=${SEED:-} SIM_MESSAGES=${MESSAGES:-} RUST_BACKTRACE=0 \
	cargo_here test --locked --release --lib --quiet -- \
	--exact --include-ignored --nocapture "tests::sim::$test" </dev/null
