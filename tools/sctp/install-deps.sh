#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# install-deps.sh [debug|programs|bench]: installs what building and testing need, and is
# silent when nothing is missing: Debian packages, and bindgen into the cache.
# `debug` adds what only the debug kernel is built with, `programs` the programs
# that "make programs" runs, `bench` what "make bench" measures with.
. "$(dirname "$0")/lib.sh"

PACKAGES=(
	# The kernel and the module.
	build-essential flex bison bc libelf-dev libssl-dev dwarves cpio kmod gawk rsync
	xz-utils python3 git perl util-linux
	rustc-web rust-web-src cargo-web rustfmt-web rust-web-clippy libclang-19-dev
	# The guests, and what runs in them.
	qemu-system-x86 busybox-static iproute2 ethtool tcpdump tshark procps
	lksctp-tools libsctp-dev
	# make check.
	python3-docutils shellcheck
)
case ${1:-} in
'') ;;
debug) PACKAGES+=(clang-19 lld-19 llvm-19) ;;
programs) PACKAGES+=(socat ncat iperf3 netperfmeter erlang-base default-jdk-headless
	osmo-stp freediameterd freediameter-extensions openssl) ;;
bench) PACKAGES+=(iperf3) ;;
*) die "usage: $0 [debug|programs|bench]" ;;
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

# Elsewhere than on Debian the names of the packages are not known, but those of
# the programs are.
if ! command -v dpkg-query >/dev/null; then
	missing=()
	for p in gcc make flex bison bc cpio modinfo insmod gawk rsync xz python3 git perl setsid \
		rustc cargo rustfmt cargo-clippy bindgen qemu-system-x86_64 busybox ip tc ethtool tcpdump \
		tshark mergecap text2pcap pgrep sctp_test sctp_darn shellcheck; do
		command -v "$p" >/dev/null || missing+=("$p")
	done
	[ "${#missing[@]}" = 0 ] ||
		die "not found: ${missing[*]}. This script installs packages on Debian only: install what they come from"
	exit
fi

missing_packages
if [ "${#missing[@]}" = 0 ] && bindgen_is_there; then
	exit
fi

lock deps
missing_packages
if [ "${#missing[@]}" != 0 ]; then
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
