#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# coverage.sh: which lines of the engine its tests run. The share of each file is
# printed, the uncovered lines are in build/coverage/html.
. "$(dirname "$0")/lib.sh"
find_toolchain

# The profile's format changes with LLVM: the tools have to be those of rustc's.
llvm=$("$RUSTC" -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')
if ! command -v "llvm-cov-$llvm" >/dev/null; then
	command -v apt-get >/dev/null || die "no llvm-cov-$llvm: install LLVM $llvm"
	lock deps
	run_logged "install Debian packages: llvm-$llvm" as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "llvm-$llvm"
fi

out=$BUILD/coverage
rm -rf "$out/profiles"
mkdir -p "$out/profiles"
tests() {
	cd "$TOP/tools/testing/sctp" &&
		CARGO_TARGET_DIR=$out/target RUSTC=$RUSTC RUSTFLAGS=-Cinstrument-coverage \
			LLVM_PROFILE_FILE=$out/profiles/%p-%m.profraw \
			/usr/bin/cargo test --locked --lib "$@"
}
run_logged "run the engine's tests, and note which lines they pass" tests
program=$(tests --no-run --message-format=json 2>/dev/null |
	sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)
"llvm-profdata-$llvm" merge -sparse "$out"/profiles/*.profraw -o "$out/profile"
llvm_cov() { "llvm-cov-$llvm" "$1" "$program" -instr-profile="$out/profile" "${@:2}" "$TOP/net/sctp/engine"; }
llvm_cov show -format=html -output-dir="$out/html" >/dev/null
llvm_cov export -summary-only >"$out/summary.json"
/usr/bin/python3 - "$out/summary.json" <<'PYTHON'
import json
import sys

files = json.load(open(sys.argv[1]))["data"][0]["files"]
rows = []
for file in files:
    if "/net/sctp/engine/" in file["filename"]:
        lines = file["summary"]["lines"]
        rows.append((file["filename"].split("/net/sctp/")[1], lines["covered"], lines["count"]))
total = ("lines of the engine", sum(row[1] for row in rows), sum(row[2] for row in rows))
for name, covered, count in sorted(rows, key=lambda row: row[1] / row[2]) + [total]:
    print(f"{100 * covered / count:6.1f} %  {covered:5} of {count:5}  {name}")
PYTHON
