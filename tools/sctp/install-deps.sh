#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs what building and testing need, and is silent when nothing is
# missing: Debian packages, and bindgen into the cache.
. "$(dirname "$0")/lib.sh"

PACKAGES=(
	# The kernel and the module.
	build-essential flex bison bc libelf-dev libssl-dev dwarves cpio kmod gawk rsync
	xz-utils python3 git perl
	rustc-web rust-web-src cargo-web rustfmt-web rust-web-clippy libclang-19-dev
	# The guests, and what runs in them.
	qemu-system-x86 busybox-static iproute2 tcpdump procps
	lksctp-tools libsctp-dev
	# Documentation.
	python3-docutils
)

missing=()
for p in "${PACKAGES[@]}"; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
done
if [ "${#missing[@]}" != 0 ]; then
	command -v apt-get >/dev/null ||
		die "missing: ${missing[*]}. Only Debian's package manager is known to this script: install their equivalents"
	export DEBIAN_FRONTEND=noninteractive
	run_logged "apt-get update" as_root apt-get update -q
	run_logged "install Debian packages: ${missing[*]}" \
		as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

if ! "$CACHE/tools/bin/bindgen" --version 2>/dev/null | grep -qF "$BINDGEN_VERSION"; then
	run_logged "build bindgen $BINDGEN_VERSION" \
		env RUSTC=/usr/bin/rustc /usr/bin/cargo install bindgen-cli \
		--version "$BINDGEN_VERSION" --locked --root "$CACHE/tools"
fi
