#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# soak.sh: what breaks modules, in a random order, in a guest with a debug kernel:
# removal under fire, namespaces that go, networks that change, memory that cannot
# be had. MINUTES= (10) is how long, SEED= decides everything that is random
# (printed), SCENARIOS= names some of them. With SECS= each takes that long, and
# its seed is SEED= itself: to see again what has failed. FLAVOUR= names the guest
# (um-debug). MINUTES=0 SECS=5 FLAVOUR=um is a short form, each scenario once.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
flavour=${FLAVOUR:-um-debug}
minutes=${MINUTES:-10}
seed=${SEED:-$RANDOM}

bin=$("$here/build-selftests.sh")
# shellcheck disable=SC2206 # words
scenarios=(${SCENARIOS:-})
say "soak: $minutes minutes, SEED=$seed, in the guest $flavour"
tests_in_guest "soak-$flavour" -f "$flavour" -m rust -t $((minutes * 60 + 3600)) -- \
	env "SECS=${SECS:-}" "ROUNDS=${ROUNDS:-}" "INITS=${INITS:-}" "CROWD=${CROWD:-}" "FUZZ=${FUZZ:-}" bash "$here/guest/soak.sh" "$bin" "$minutes" "$seed" "${scenarios[@]}"
