#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build-kernel.sh x86|um|debug|um-debug: builds the guest kernel of that flavour,
# unless the cache has it, and prints the path of its build tree.
#
# A build tree is keyed by the source, the configuration fragments and the
# compilers, so a changed fragment makes a new tree and an old checkout still
# finds its own.
. "$(dirname "$0")/lib.sh"

flavour=${1:-x86}
here=$TOP/tools/sctp

case $flavour in
x86) arch=x86_64 fragments=(common x86) targets=(bzImage modules) about="about 5 minutes on 2 cores" ;;
um) arch=um fragments=(common um) targets=(linux modules) about="about 3 minutes on 2 cores" ;;
debug) arch=x86_64 fragments=(common x86 debug debug-x86) targets=(bzImage modules) about="about 8 minutes on 2 cores" ;;
um-debug) arch=um fragments=(common um debug) targets=(linux modules) about="about 5 minutes on 2 cores" ;;
*) die "unknown flavour $flavour: $FLAVOURS" ;;
esac
src=$("$here/fetch-kernel.sh")
find_toolchain

cc=gcc
llvm=()
if is_debug "$flavour"; then
	# KASAN together with CONFIG_RUST is for clang only.
	cc=clang-19 llvm=(LLVM=-19)
	command -v clang-19 >/dev/null || "$here/install-deps.sh" debug
fi

fragment=$(mktemp)
trap 'rm -f "$fragment"' EXIT
for f in "${fragments[@]}"; do
	grep -vE '^(#|$)' "$here/config/$f.config"
done >"$fragment"
version=$(make -s -C "$src" kernelversion)
key=$({
	cat "$fragment"
	"$RUSTC" -V
	"$cc" --version
	# A tree of the user's own may have the same version and other contents.
	if [ -n "${KSRC:-}" ]; then echo "$src"; fi
} | sha256sum | cut -c1-10)
out=$CACHE/linux-$version-$flavour-$key

if [ ! -e "$out/.built" ]; then
	lock "kernel-$flavour"
fi
if [ ! -e "$out/.built" ]; then
	mkdir -p "$out"
	export KBUILD_BUILD_TIMESTAMP=0 KBUILD_BUILD_USER=sctp KBUILD_BUILD_HOST=sctp
	run_logged "configure Linux $version ($flavour)" \
		"${KMAKE[@]}" -C "$src" O="$out" ARCH="$arch" "${llvm[@]}" \
		KCONFIG_ALLCONFIG="$fragment" allnoconfig
	while read -r want; do
		grep -qxF "$want" "$out/.config" || die "the configuration of $out lacks $want"
	done <"$fragment"
	run_logged "build Linux $version ($flavour), $about" \
		"${KMAKE[@]}" -C "$src" O="$out" ARCH="$arch" "${llvm[@]}" "${targets[@]}"
	touch "$out/.built"
fi
echo "$out"
