#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build-kernel.sh x86|um|debug: builds the guest kernel of that flavour, unless
# the cache has it, and prints the path of its build tree.
#
# A build tree is keyed by the source's version, the configuration fragments
# and the compiler, so a changed fragment makes a new tree and an old checkout
# still finds its own.
. "$(dirname "$0")/lib.sh"

flavour=${1:-x86}
here=$TOP/tools/sctp
src=$("$here/fetch-kernel.sh")
find_toolchain

case $flavour in
x86) arch=x86_64 fragments=(common x86) targets=(bzImage modules) ;;
um) arch=um fragments=(common um) targets=(linux modules) ;;
debug) arch=x86_64 fragments=(common x86 debug) targets=(bzImage modules) ;;
*) die "unknown flavour $flavour: x86, um or debug" ;;
esac
llvm=()
if [ "$flavour" = debug ]; then
	command -v clang-19 >/dev/null || run_logged "install clang for the debug kernel" \
		as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends clang-19 lld-19 llvm-19
	llvm=(LLVM=-19)
fi

fragment=$(mktemp)
trap 'rm -f "$fragment"' EXIT
for f in "${fragments[@]}"; do cat "$here/config/$f.config"; done >"$fragment"
version=$(make -s -C "$src" kernelversion)
key=$({ cat "$fragment"; "$RUSTC" -V; gcc --version; } | sha256sum | cut -c1-10)
out=$CACHE/linux-$version-$flavour-$key

if [ ! -e "$out/.built" ]; then
	mkdir -p "$out"
	export KBUILD_BUILD_TIMESTAMP=0 KBUILD_BUILD_USER=sctp KBUILD_BUILD_HOST=sctp
	run_logged "configure Linux $version ($flavour)" \
		"${KMAKE[@]}" -C "$src" O="$out" ARCH="$arch" "${llvm[@]}" \
		KCONFIG_ALLCONFIG="$fragment" allnoconfig
	while read -r want; do
		case $want in '' | '#'*) continue ;; esac
		grep -qxF "$want" "$out/.config" || die "the configuration of $out lacks $want"
	done <"$fragment"
	run_logged "build Linux $version ($flavour), about 5 minutes on 2 cores" \
		"${KMAKE[@]}" -C "$src" O="$out" ARCH="$arch" "${llvm[@]}" "${targets[@]}"
	touch "$out/.built"
fi
echo "$out"
