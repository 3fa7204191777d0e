#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fuzz.sh [TARGET...]: coverage-guided fuzzing of the engine in user space, all
# targets (tools/testing/sctp/src/fuzz) or the named ones, JOBS= at a time.
#
#	SECS=	seconds for each target (60)
#	KEEP=1	afterwards puts what the corpora lack into tools/testing/sctp/fuzz/corpus
#
# It begins with those corpora and what earlier runs have added in build/fuzz.
# An input that breaks something is kept in build/fuzz/TARGET/found, and the last
# lines say how to run it again.
. "$(dirname "$0")/lib.sh"
find_toolchain
secs=${SECS:-60}
fuzz=$TOP/tools/testing/sctp/fuzz
# Inputs are of interest for what they do, not for how much; and the corpora are
# not to grow without end.
max_len=2048 keep_kib=128

if ! "$CACHE/tools/bin/cargo-fuzz" --version >/dev/null 2>&1; then
	lock cargo-fuzz
	run_logged "build cargo-fuzz" env RUSTC=/usr/bin/rustc /usr/bin/cargo install cargo-fuzz \
		--locked --root "$CACHE/tools"
fi
mapfile -t all < <(sed -n 's/^name = "\(.*\)"$/\1/p' "$fuzz/Cargo.toml" | grep -v sctp_fuzz)
targets=("$@")
[ $# != 0 ] || targets=("${all[@]}")
for target in "${targets[@]}"; do
	[ -e "$fuzz/fuzz_targets/$target.rs" ] || die "no target $target: ${all[*]}"
done

# The engine has no unsafe code for a sanitizer to look at; coverage is all that
# is wanted, and that is there without a nightly compiler.
build() {
	cd "$TOP/tools/testing/sctp" &&
		PATH=/usr/bin:$PATH CARGO_TARGET_DIR=$BUILD/fuzz/target RUSTC=/usr/bin/rustc \
			"$CACHE/tools/bin/cargo-fuzz" build --fuzz-dir "$fuzz" --sanitizer none
}
run_logged "build the fuzz targets" build
bin=$(find "$BUILD/fuzz/target" -path "*/release/${targets[0]}" -type f -perm -u+x | head -n 1)
[ -n "$bin" ] || die "no program for ${targets[0]} in $BUILD/fuzz/target"
bin=${bin%/*}

fuzz_one() {
	local target=$1 dir=$BUILD/fuzz/$1 rc=0
	mkdir -p "$dir/corpus" "$dir/found" "$fuzz/corpus/$target"
	"$bin/$target" -max_total_time="$secs" -max_len=$max_len -timeout=20 -rss_limit_mb=4096 \
		-print_final_stats=1 -artifact_prefix="$dir/found/" \
		"$dir/corpus" "$fuzz/corpus/$target" >"$dir/log" 2>&1 </dev/null || rc=$?
	return $rc
}

say "fuzzing ${targets[*]}, $secs s each"
pids=() passed=0 failed=0
wait_for_a_slot() {
	while [ "$(jobs -rp | wc -l)" -ge "$JOBS" ]; do sleep 1; done
}
for target in "${targets[@]}"; do
	wait_for_a_slot
	fuzz_one "$target" &
	pids+=($!)
done
for i in "${!targets[@]}"; do
	target=${targets[i]} dir=$BUILD/fuzz/${targets[i]}
	if wait "${pids[i]}"; then
		passed=$((passed + 1))
		verdict=ok
	else
		failed=$((failed + 1))
		verdict=failed
		grep -aE 'panicked|ERROR: libFuzzer|Test unit written' -A 3 "$dir/log" | head -n 30
	fi
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/log")
	cov=$(grep -aoE 'cov: [0-9]+' "$dir/log" | tail -n 1)
	printf '%s - %s: %s runs, %s, corpus %d\n' "$verdict" "$target" "${runs:-?}" "${cov:-cov: ?}" \
		"$(find "$dir/corpus" "$fuzz/corpus/$target" -type f | wc -l)"
	if [ -n "$(ls "$dir/found")" ]; then
		echo "  again: $bin/$target $dir/found/<file>"
	fi
	if [ -n "${KEEP:-}" ] && [ "$verdict" = ok ]; then
		# Small ones first, up to a limit.
		"$bin/$target" -set_cover_merge=1 -max_len=$max_len "$fuzz/corpus/$target" "$dir/corpus" >>"$dir/log" 2>&1
		kib=0
		while read -r size file; do
			kib=$((kib + (size + 1023) / 1024))
			if [ $kib -gt $keep_kib ]; then rm "$file"; fi
		done < <(find "$fuzz/corpus/$target" -type f -printf '%s %p\n' | sort -n)
	fi
done
report fuzz "$passed" "$failed" 0
