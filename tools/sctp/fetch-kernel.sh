#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints the path of a kernel source tree: $KSRC if it is set, else the newest
# Debian source package of the supported series, unpacked into the cache.
#
# Debian 12 itself has no such package, later suites have.
. "$(dirname "$0")/lib.sh"

if [ -n "${KSRC:-}" ]; then
	[ -f "$KSRC/Kbuild" ] || die "KSRC=$KSRC is no kernel source tree"
	(cd "$KSRC" && pwd)
	exit
fi

print_cached() {
	local have
	have=$(find "$CACHE" -maxdepth 1 -name 'linux-source-*' -type d | sort -V | tail -n 1)
	if [ -n "$have" ]; then
		echo "$have"
		exit
	fi
}
print_cached
lock kernel-source
print_cached

own_apt "$CACHE/apt" deb trixie-backports forky ||
	die "set KSRC= to a kernel source tree"
run_logged "list Debian's kernel sources" apt-get "${APT[@]}" update -q
package=
for s in $SERIES; do
	if apt-cache "${APT[@]}" show "linux-source-$s" >/dev/null 2>&1; then
		package=linux-source-$s
		break
	fi
done
[ -n "$package" ] || die "Debian has no linux-source of the series $SERIES: set KSRC= to a kernel source tree"

run_logged "download $package" \
	bash -c 'cd "$1" && shift && apt-get "$@"' - "$CACHE/apt" "${APT[@]}" download "$package"
deb=$(find "$CACHE/apt" -maxdepth 1 -name "${package}_*.deb" | sort -V | tail -n 1)
tmp=$CACHE/.unpack.$$
mkdir "$tmp"
trap 'rm -rf "$tmp"' EXIT
run_logged "unpack $package" bash -c '
	dpkg-deb -x "$1" "$2"
	tar -xJf "$2"/usr/src/linux-source-*.tar.xz -C "$2"' - "$deb" "$tmp"
mv "$tmp/$package" "$CACHE/$package"
rm -f "$deb"
echo "$CACHE/$package"
