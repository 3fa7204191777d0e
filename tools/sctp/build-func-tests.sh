#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# build-func-tests.sh: fetches the source of lksctp-tools, builds its functional
# tests unless the cache has them, and prints the folder they are in.
#
# The source is that of Debian 13, whose tests are more than those of Debian 12;
# the library and its header are the machine's own.
. "$(dirname "$0")/lib.sh"
suite=trixie
out=$CACHE/lksctp-tools-$suite

if [ ! -e "$out/.built" ]; then
	lock func-tests
fi
if [ ! -e "$out/.built" ]; then
	rm -rf "$out"
	mkdir -p "$out/bin"
	own_apt "$out/apt" deb-src "$suite" || die "no source of lksctp-tools"
	run_logged "list Debian's sources" apt-get "${APT[@]}" update -q
	# Without what Debian adds to it, which is nothing to the tests.
	run_logged "download lksctp-tools" bash -c 'cd "$1" && shift && apt-get "$@"' - \
		"$out" "${APT[@]}" source --tar-only lksctp-tools
	tar -xJf "$out"/lksctp-tools_*.orig.tar.xz -C "$out" --strip-components=1
	rm -rf "$out/apt" "$out"/*.orig.tar.xz
	# A program's name with _v6 is the same source with another family.
	grep -oE '^[[:space:]]+test_[a-z0-9_]+' "$out/src/func_tests/Makefile.am" >"$out/programs"
	run_logged "build the functional tests of lksctp-tools" \
		xargs -a "$out/programs" -P "$JOBS" -I{} bash -euc '
			cd "$2/func_tests"
			name=$1 family=
			if [ "$name" != "${name%_v6}" ]; then family=-DTEST_V6=1; fi
			gcc -w -g -O2 -fno-strict-aliasing $family -I"$2/testlib" \
				"${name%_v6}.c" "$2/testlib/sctputil.c" -o "$3/$name" -lsctp -lpthread' \
			- {} "$out/src" "$out/bin"
	touch "$out/.built"
fi
echo "$out/bin"
