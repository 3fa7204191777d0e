#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test.sh: everything that can fail. Each stage reports its counts in
# build/results; the last line is their sum, and the exit status says whether
# anything failed.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
results=$BUILD/results
mkdir -p "$results"
summary=()
total_passed=0 total_failed=0 total_skipped=0

# stage NAME COMMAND...: NAME is what the command reports under.
stage() {
	local name=$1 rc=0 started=$SECONDS passed failed skipped
	shift
	rm -f "$results/$name"
	printf '\n\033[1m### %s\033[0m\n' "$name"
	"$@" </dev/null || rc=$?
	if ! read -r passed failed skipped <"$results/$name" 2>/dev/null; then
		echo "$name: ended with status $rc and without results"
		passed=0 failed=1 skipped=0
	elif [ "$rc" != 0 ] && [ "$failed" = 0 ]; then
		echo "$name: ended with status $rc"
		failed=1
	fi
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
	total_skipped=$((total_skipped + skipped))
	summary+=("$(printf '%-16s %5d passed %5d failed %5d skipped %6d s' \
		"$name" "$passed" "$failed" "$skipped" $((SECONDS - started)))")
}

# The kernels first: a test's time should be its own.
for flavour in x86 um; do
	"$here/build-kernel.sh" "$flavour" >/dev/null
done

stage check "$here/check.sh"
stage twin "$here/twin.sh"
stage kselftest-x86 env FLAVOUR=x86 MODULE=rust "$here/run-tests.sh"
stage kselftest-um env FLAVOUR=um MODULE=rust "$here/run-tests.sh"
stage interop "$here/interop.sh"

printf '\n'
printf '%s\n' "${summary[@]}"
if [ "$total_skipped" != 0 ]; then echo "$total_skipped skipped"; fi
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" = 0 ] && [ "$total_passed" != 0 ]
