#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build-module.sh [FLAVOUR] [make arguments]: builds rust_sctp.ko for a guest
# flavour (x86), or for the kernel build tree KDIR if that is set and no flavour
# is named, and prints its path. All output goes to build/<flavour>.
. "$(dirname "$0")/lib.sh"

flavour=${1:-}
shift || true
if [ -n "${KDIR:-}" ] && [ -z "$flavour" ]; then
	kdir=$(cd "$KDIR" 2>/dev/null && pwd) || die "no directory KDIR=$KDIR"
	out=$BUILD/kdir
	# Another kernel's objects are of no use, and make would not know.
	if [ "$(cat "$out/.kdir" 2>/dev/null)" != "$kdir" ]; then
		rm -rf "$out"
	fi
	mkdir -p "$out"
	echo "$kdir" >"$out/.kdir"
else
	flavour=${flavour:-x86}
	kdir=$("$TOP/tools/sctp/build-kernel.sh" "$flavour")
	out=$BUILD/$flavour
	mkdir -p "$out"
fi
find_toolchain
kdir_settings "$kdir"

exec {fd}>"$out/.lock"
flock "$fd"
log=$out/build.log
if ! "${KMAKE[@]}" -C "$kdir" M="$TOP/net/sctp" MO="$out" "${KDIR_MAKE[@]}" "$@" modules \
	</dev/null >"$log" 2>&1 {fd}>&-; then
	tail -n 60 "$log" >&2
	die "the module does not build; whole log: $log"
fi
# What the compilers had to say is for the developer to see.
grep -E -A 12 '^warning' "$log" >&2 || true
grep ': warning: ' "$log" >&2 || true
echo "$out/rust_sctp.ko"
