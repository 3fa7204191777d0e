#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build-selftests.sh: builds the programs of the socket tests, which run in every
# guest, and prints the folder they are in.
. "$(dirname "$0")/lib.sh"

bin=$BUILD/selftests
src=$("$TOP/tools/sctp/fetch-kernel.sh")
mkdir -p "$bin"
# Several runs may want them at once.
exec {fd}>"$bin/.lock"
flock "$fd"
run_logged "build the socket tests" \
	make -j"$JOBS" -C "$TOP/tools/testing/selftests/net/sctp" "KSRC=$src" "OUTPUT=$bin"
echo "$bin"
