#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# twin.sh [cargo test arguments]: the engine's tests in user space.
. "$(dirname "$0")/lib.sh"
find_toolchain

log=$BUILD/results/twin.log
mkdir -p "${log%/*}"
say "engine tests in user space"
rc=0
enter_twin
cargo_here test --locked --workspace "$@" </dev/null 2>&1 | tee "$log" || rc=$?

read -r passed failed skipped < <(awk '
	/^test result:/ {
		for (i = 1; i < NF; i++) {
			if ($(i + 1) == "passed;") p += $i
			if ($(i + 1) == "failed;") f += $i
			if ($(i + 1) == "ignored;") s += $i
		}
	}
	END { print p + 0, f + 0, s + 0 }' "$log")
# What does not compile has no failed tests, but has failed; and so has a run
# that tested nothing.
if [ "$failed" = 0 ] && { [ "$rc" != 0 ] || [ "$passed" = 0 ]; }; then failed=1; fi
report twin "$passed" "$failed" "$skipped"
