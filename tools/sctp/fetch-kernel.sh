#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints the path of a kernel source tree: $KSRC if it is set, else the newest
# Debian source package of the supported series, unpacked into the cache.
#
# Debian 12 itself has no such package, later suites have. They are looked up
# in an apt root of its own, so that the machine's lists stay as they are, with
# the archive address that the machine already uses.
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

sources=(/etc/apt/sources.list.d/debian.sources /etc/apt/sources.list)
uri=$({ cat "${sources[@]}" 2>/dev/null || true; } |
	sed -nE 's/^URIs:[[:space:]]*([^[:space:]]*debian\/?)$/\1/p; s/^deb (\[[^]]*\] )?([^ ]*debian\/?) .*/\2/p' |
	head -n 1)
[ -n "$uri" ] || die "no Debian archive in ${sources[*]}: set KSRC= to a kernel source tree"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

root=$CACHE/apt
mkdir -p "$root"/{state/lists/partial,cache/archives/partial,etc}
{
	echo "deb [signed-by=$keyring] $uri trixie-backports main"
	echo "deb [signed-by=$keyring] $uri forky main"
} >"$root/etc/sources.list"
APT=(-o "Dir::State=$root/state" -o "Dir::Cache=$root/cache"
	-o "Dir::Etc::sourcelist=$root/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::State::status=/dev/null -o APT::Sandbox::User=root
	-o Acquire::Languages=none -o Debug::NoLocking=1)

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
	bash -c 'cd "$1" && shift && apt-get "$@"' - "$root" "${APT[@]}" download "$package"
deb=$(find "$root" -maxdepth 1 -name "${package}_*.deb" | sort -V | tail -n 1)
tmp=$CACHE/.unpack.$$
mkdir "$tmp"
trap 'rm -rf "$tmp"' EXIT
run_logged "unpack $package" bash -c '
	dpkg-deb -x "$1" "$2"
	tar -xJf "$2"/usr/src/linux-source-*.tar.xz -C "$2"' - "$deb" "$tmp"
mv "$tmp/$package" "$CACHE/$package"
rm -f "$deb"
echo "$CACHE/$package"
