#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# func-tests.sh [TESTS...]: runs the functional tests of lksctp-tools, unmodified, in
# a guest. FLAVOUR= names the guest (x86), MODULE=c takes the kernel's own module,
# TESTS= or the arguments name tests to run, VERBOSE=1 shows what the passing ones
# say.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
flavour=${FLAVOUR:-x86} module=${MODULE:-$DEFAULT_MODULE}
name=func-tests-$flavour
if [ "$module" != rust ]; then name+=-$module; fi

bin=$("$here/build-func-tests.sh")
# shellcheck disable=SC2206 # words
tests=("$@" ${TESTS:-})
if [ "${#tests[@]}" = 0 ]; then
	mapfile -t tests < <(cd "$bin" && printf '%s\n' test_*)
fi
say "functional tests of lksctp-tools: module $module in the guest $flavour"
# One program at a time, so that a second processor would only have to be emulated.
tests_in_guest "$name" -f "$flavour" -m "$module" -c 1 -t 1800 -- \
	bash "$here/guest/func-tests.sh" "$bin" "${tests[@]}"
