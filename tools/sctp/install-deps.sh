#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# install-deps.sh [debug]: installs what building and testing need, and is
# silent when nothing is missing: Debian packages, and bindgen into the cache.
# `debug` adds what only the debug kernel is built with.
. "$(dirname "$0")/lib.sh"

PACKAGES=(
	# The kernel and the module.
	build-essential flex bison bc libelf-dev libssl-dev dwarves cpio kmod gawk rsync
	xz-utils python3 git perl util-linux
	rustc-web rust-web-src cargo-web rustfmt-web rust-web-clippy libclang-19-dev
	# The guests, and what runs in them.
	qemu-system-x86 busybox-static iproute2 tcpdump procps
	lksctp-tools libsctp-dev
	# make check.
	python3-docutils shellcheck
)
case ${1:-} in
'') ;;
debug) PACKAGES+=(clang-19 lld-19 llvm-19) ;;
*) die "usage: $0 [debug]" ;;
esac

missing_packages() {
	local p
	missing=()
	for p in "${PACKAGES[@]}"; do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
	done
}

bindgen_is_there() {
	"$CACHE/tools/bin/bindgen" --version 2>/dev/null | grep -qF "$BINDGEN_VERSION"
}

missing_packages
if [ "${#missing[@]}" = 0 ] && bindgen_is_there; then
	exit
fi

lock deps
missing_packages
if [ "${#missing[@]}" != 0 ]; then
	command -v apt-get >/dev/null ||
		die "missing: ${missing[*]}. Only Debian's package manager is known to this script: install their equivalents"
	apt=(as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
	run_logged "apt-get update" "${apt[@]}" update
	run_logged "install Debian packages: ${missing[*]}" \
		"${apt[@]}" install -y --no-install-recommends "${missing[@]}"
fi
if ! bindgen_is_there; then
	run_logged "build bindgen $BINDGEN_VERSION" \
		env RUSTC=/usr/bin/rustc /usr/bin/cargo install bindgen-cli \
		--version "$BINDGEN_VERSION" --locked --root "$CACHE/tools"
fi
