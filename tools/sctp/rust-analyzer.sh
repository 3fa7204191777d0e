#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rust-analyzer.sh: writes rust-project.json into the checkout, so that an editor
# finds its way in the module and in the kernel crate it is built against.
. "$(dirname "$0")/lib.sh"

kdir=${KDIR:-$("$TOP/tools/sctp/build-kernel.sh" x86)}
"$TOP/tools/sctp/build-module.sh" ${KDIR:+''} >/dev/null
find_toolchain
kdir_settings "$kdir"
out=$BUILD/x86
if [ -n "${KDIR:-}" ]; then out=$BUILD/kdir; fi
"${KMAKE[@]}" -s -C "$kdir" M="$TOP/net/sctp" MO="$out" "${KDIR_MAKE[@]}" rust-analyzer </dev/null
mv "$out/rust-project.json" "$TOP/rust-project.json"
echo "rust-project.json written for the kernel in $kdir"
