#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# demo.sh: what `make demo` does on the host; guest/demo.sh says what it shows.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
flavour=${FLAVOUR:-x86}

"$here/build-kernel.sh" "$flavour" >/dev/null
if [ "${MODULE:-$DEFAULT_MODULE}" = rust ]; then
	say "build the module"
	"$here/build-module.sh" "$flavour" >/dev/null
fi
make -s -C "$TOP/samples/sctp" "OUTPUT=$BUILD/samples"
say "boot the guest ($flavour)"
"$here/guest.sh" -f "$flavour" -n demo -p -t 300 -- bash "$here/guest/demo.sh"
