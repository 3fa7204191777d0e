#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# interop.sh [MODULE MODULE]: two QEMU guests on a link of their own, one with our
# module and the other with the kernel's, exchange verified data, each as client
# and as server (guest/interop.sh has the list).
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
one=${1:-$DEFAULT_MODULE} two=${2:-c}
bin=$("$here/build-selftests.sh")
mkdir -p "$BUILD/results"

# Beside the kernel's own module, in the second guest, ours is to be refused.
ko=''
if [ "$one" = rust ] && [ "$two" = c ]; then ko=$("$here/build-module.sh" x86); fi
# Results of an earlier run are not to be mistaken for this one's.
rm -f "$BUILD"/run/interop-[12]/guest

# A Unix socket's path has to be short, and the checkout's may not be.
tmp=$(mktemp -d)
first=''
cleanup() {
	# The guest, too, if the script is interrupted.
	if [ -n "$first" ]; then kill "$first" 2>/dev/null || true; fi
	rm -rf "$tmp"
}
trap cleanup EXIT
mkdir "$tmp/shared"
log=$BUILD/results/interop.log
label() { if [ "$1" = rust ]; then echo Rust; else echo C; fi; }

say "interoperation: $(label "$one") and $(label "$two"), in two guests"
"$here/guest.sh" -m "$two" -n interop-2 -c 1 -t 1800 -l "listen:$tmp/link" -s "$tmp/shared" -- \
	bash "$here/guest/interop.sh" 2 1 "$bin" "$(label "$two")" "$(label "$one")" "$ko" \
	>"$BUILD/results/interop-2.log" 2>&1 &
first=$!
while [ ! -S "$tmp/link" ]; do
	kill -0 "$first" 2>/dev/null || { cat "$BUILD/results/interop-2.log" && die "the second guest does not start"; }
	sleep 0.1
done
"$here/guest.sh" -m "$one" -n interop-1 -c 1 -t 1800 -l "connect:$tmp/link" -s "$tmp/shared" -- \
	bash "$here/guest/interop.sh" 1 2 "$bin" "$(label "$one")" "$(label "$two")" "$ko" | tee "$log" || true
# The other one need not wait for this one any more.
touch "$tmp/shared/over"
wait "$first" || true
first=''

planned=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log")
passed=$(grep -c '^ok ' "$log" || true)
failed=$(grep -c '^not ok ' "$log" || true)
if [ $((passed + failed)) != "${planned:-0}" ] || [ "${planned:-0}" = 0 ]; then
	echo "failed: ${planned:-no} cases planned, $((passed + failed)) run"
	cat "$BUILD/results/interop-2.log"
	failed=$((failed + 1))
fi
for n in 1 2; do
	if [ "$(cat "$BUILD/run/interop-$n/guest" 2>/dev/null)" = ok ]; then
		passed=$((passed + 1))
	else
		echo "failed: guest $n itself"
		cat "$BUILD/results/interop-2.log"
		failed=$((failed + 1))
	fi
done
report interop "$passed" "$failed" 0
