#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run-tests.sh [TESTS...]: builds the socket tests and runs them in a guest.
# FLAVOUR= names the guest (x86), MODULE=c takes the kernel's own module, TESTS=
# or the arguments name tests to run, VERBOSE=1 shows what the passing ones say,
# FULL=1 has the long ones run in full where they would be cut short. PART=removal
# runs those that remove the module, PART=rest the others.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
flavour=${FLAVOUR:-x86} module=${MODULE:-$DEFAULT_MODULE}
sources=$TOP/tools/testing/selftests/net/sctp
name=kselftest-$flavour
if [ "$module" != rust ]; then name+=-$module; fi
name+=${PART:+-$PART}

bin=$("$here/build-selftests.sh")

# shellcheck disable=SC2206 # words
wanted=("$@" ${TESTS:-})
mapfile -t all < <(make -s -C "$sources" list | tr ' ' :)
tests=()
if [ "${#wanted[@]}" = 0 ]; then
	tests=("${all[@]}")
fi
for test in "${wanted[@]}"; do
	mapfile -t found < <(printf '%s\n' "${all[@]}" | grep -xE "(prog|script):$test(\.sh)?")
	[ "${#found[@]}" != 0 ] || die "no such test: $test"
	tests+=("${found[@]}")
done

if [ -n "${PART:-}" ]; then
	chosen=()
	for test in "${tests[@]}"; do
		part=rest
		if grep -qs '^need_removable_module' "$sources/${test#script:}"; then part=removal; fi
		if [ "$part" = "$PART" ]; then chosen+=("$test"); fi
	done
	tests=("${chosen[@]}")
fi

# What the tests can be told.
settings=()
for variable in FULL SIZE LONG COUNT LOOPS SEED NETEM; do
	if [ -n "${!variable:-}" ]; then settings+=("$variable=${!variable}"); fi
done

say "socket tests: module $module in the guest $flavour"
tests_in_guest "$name" -t 3600 -- \
	env "${settings[@]}" bash "$here/guest/tests.sh" "$bin" "${tests[@]}"
