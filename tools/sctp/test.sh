#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test.sh: everything that can fail. Each stage reports its counts in
# build/results; the last line is their sum, and the exit status says whether
# anything failed.
#
# The stages are in four lanes that run at the same time, since much of what guests
# do is to wait: socket tests in QEMU, tests in User Mode Linux, those that remove the
# module there, and all the rest.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
results=$BUILD/results
export KEEP_TWIN=1
mkdir -p "$results"
rm -f "$results"/*.stage

# worked SHELL: seconds that processors have spent on what it has started.
worked() {
	local stat
	read -r -a stat <"/proc/$1/stat"
	echo $(((stat[15] + stat[16]) / $(getconf CLK_TCK)))
}

# stage NAME COMMAND...: NAME is what the command reports under. Leaves what came
# out in NAME.stage.
stage() {
	local name=$1 rc=0 started=$SECONDS shell=$BASHPID before passed failed skipped
	shift
	before=$(worked "$shell")
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
	echo "$passed $failed $skipped $((SECONDS - started)) $(($(worked "$shell") - before))" >"$results/$name.stage"
}

# What several lanes need is made before, and a test's time is its own.
building=()
for flavour in x86 um; do
	"$here/build-kernel.sh" "$flavour" >/dev/null
	say "build the module ($flavour)"
	"$here/build-module.sh" "$flavour" >/dev/null &
	building+=($!)
done
"$here/build-selftests.sh" >/dev/null
"$here/build-func-tests.sh" >/dev/null
# Each on its own, since only then their failure counts.
for pid in "${building[@]}"; do wait "$pid"; done

emulated() {
	stage kselftest-x86 env FLAVOUR=x86 MODULE=rust "$here/run-tests.sh"
}
usermode() {
	stage kselftest-um-rest env FLAVOUR=um MODULE=rust PART=rest "$here/run-tests.sh"
	stage func-tests-um env FLAVOUR=um MODULE=rust "$here/func-tests.sh"
}
# In a guest of their own, since these mostly wait.
removal() {
	stage kselftest-um-removal env FLAVOUR=um MODULE=rust PART=removal "$here/run-tests.sh"
	stage soak-um env FLAVOUR=um MINUTES=0 SECS=3 SEED=1 "$here/soak.sh"
}
others() {
	stage check "$here/check.sh"
	stage twin "$here/twin.sh"
	stage interop "$here/interop.sh"
	stage func-tests-x86 env FLAVOUR=x86 MODULE=rust "$here/func-tests.sh"
}
# Process groups of their own, to be ended as a whole if this one is interrupted.
lanes=()
trap 'for lane in "${lanes[@]}"; do kill -- "-$lane" 2>/dev/null || true; done' EXIT
set -m
for name in usermode removal others; do
	say "at the same time: $name (log: $results/$name.log)"
	"$name" >"$results/$name.log" 2>&1 </dev/null &
	lanes+=($!)
done
set +m
# What it has spent is told apart from what the others have, since they are not its children.
(emulated)

for name in usermode removal others; do
	say "wait for: $name"
	wait "${lanes[0]}" || true
	lanes=("${lanes[@]:1}")
	cat "$results/$name.log"
done
trap - EXIT

printf '\n'
total_passed=0 total_failed=0 total_skipped=0
for name in check twin kselftest-{x86,um-rest,um-removal} func-tests-{x86,um} interop soak-um; do
	if ! read -r passed failed skipped seconds work <"$results/$name.stage"; then
		passed=0 failed=1 skipped=0 seconds=0 work=0
	fi
	printf '%-16s %5d passed %5d failed %5d skipped %6d s %6d s of work\n' \
		"$name" "$passed" "$failed" "$skipped" "$seconds" "$work"
	total_passed=$((total_passed + passed))
	total_failed=$((total_failed + failed))
	total_skipped=$((total_skipped + skipped))
done
if [ "$total_skipped" != 0 ]; then echo "$total_skipped skipped"; fi
echo "$total_passed passed, $total_failed failed"
[ "$total_failed" = 0 ] && [ "$total_passed" != 0 ]
