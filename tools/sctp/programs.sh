#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# programs.sh [NAMES...]: installs programs that know nothing of this module and
# lets them talk over SCTP in a guest, by the scripts in tools/testing/programs.
# FLAVOUR= names the guest (um), MODULE=c takes the kernel's own module, TESTS= or
# the arguments name scripts to run, VERBOSE=1 shows what the passing ones say.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
sources=$TOP/tools/testing/programs
flavour=${FLAVOUR:-um} module=${MODULE:-$DEFAULT_MODULE}
name=programs-$flavour
if [ "$module" != rust ]; then name+=-$module; fi

"$here/install-deps.sh" programs
# shellcheck disable=SC2206 # words
tests=("$@" ${TESTS:-})
if [ "${#tests[@]}" = 0 ]; then
	mapfile -t tests < <(cd "$sources" && printf '%s\n' *.sh | sed '/_lib\.sh$/d; s/\.sh$//')
fi
scripts=("${tests[@]/#/script:}")
scripts=("${scripts[@]/%/.sh}")
say "programs: module $module in the guest $flavour"
tests_in_guest "$name" -f "$flavour" -m "$module" -t 1800 -- \
	env "SOURCES=$sources" bash "$here/guest/tests.sh" - "${scripts[@]}"
