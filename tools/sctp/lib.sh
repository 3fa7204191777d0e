# SPDX-License-Identifier: GPL-2.0
# Shared by the scripts of this folder: where things are kept, how progress is
# shown, and how the toolchain is found. Sourced, never run.
# shellcheck shell=bash disable=SC2034

set -euo pipefail

# What `make VARIABLE=value` was told is for these scripts, not for the makes
# they start.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
CACHE=${RUST_SCTP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/rust_sctp}
JOBS=${JOBS:-$(nproc)}
# The kernel series that is fetched when KSRC= names no source tree, newest first.
SERIES="7.3 7.2"
BINDGEN_VERSION=0.72.1

# The guest kernels: QEMU or User Mode Linux, each also with what finds mistakes.
FLAVOURS="x86, um, debug or um-debug"
is_debug() { [[ $1 =~ ^(um-)?debug$ ]]; }
is_um() { [[ $1 =~ ^um(-debug)?$ ]]; }

# What is made in the checkout, all of it ignored by git.
BUILD=$TOP/build

# The module the guests load: rust, or c for the kernel's own.
DEFAULT_MODULE=c
if [ -e "$TOP/net/sctp/sctp_main.rs" ]; then DEFAULT_MODULE=rust; fi
# Tools of the administrator, which not everyone has in the path.
PATH=$PATH:/usr/sbin:/sbin

mkdir -p "$CACHE/log"
case $TOP$CACHE in *[[:space:]]*) echo "error: kbuild cannot work in a path with spaces" >&2 && exit 1 ;; esac

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this step needs root: run it as root or install sudo"
	fi
}

# run_logged NAME COMMAND...: runs a long step with its output in a log, a sign
# of life every ten seconds, and the log's end on failure.
run_logged() {
	local name=$1 log start pid rc=0 last
	shift
	log=${name//[^a-zA-Z0-9]/-}
	log="$CACHE/log/${log:0:80}.log"
	start=$SECONDS
	say "$name (log: $log)"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		if [ $(((SECONDS - start) % 10)) = 9 ] && kill -0 "$pid" 2>/dev/null; then
			last=$(tail -n 1 "$log" | tr -d '\r' | cut -c1-70)
			printf '    %4ds  %s\n' $((SECONDS - start)) "$last" >&2
		fi
	done
	wait "$pid" || rc=$?
	if [ "$rc" != 0 ]; then
		tail -n 40 "$log" >&2
		die "$name failed after $((SECONDS - start)) s; whole log: $log"
	fi
	printf '    done in %d s\n' $((SECONDS - start)) >&2
}

# lock NAME: one process at a time makes what goes into the cache. The lock is
# held until the script ends.
lock() {
	local fd
	exec {fd}>"$CACHE/.lock-$1"
	if ! flock -n "$fd"; then
		say "wait for another run that works on: $1"
		flock "$fd"
	fi
}

# own_apt ROOT TYPE SUITE...: sets APT to options that have apt work in a root of
# its own, so that the machine's lists stay as they are, on other suites of the
# archive whose address the machine already has. TYPE is deb or deb-src.
own_apt() {
	local root=$1 type=$2 suite uri
	local sources=(/etc/apt/sources.list.d/debian.sources /etc/apt/sources.list)
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	shift 2
	uri=$({ cat "${sources[@]}" 2>/dev/null || true; } |
		sed -nE 's/^URIs:[[:space:]]*([^[:space:]]*debian\/?)$/\1/p; s/^deb (\[[^]]*\] )?([^ ]*debian\/?) .*/\2/p' |
		head -n 1)
	if [ -z "$uri" ]; then
		echo "no Debian archive in ${sources[*]}" >&2
		return 1
	fi
	mkdir -p "$root"/{state/lists/partial,cache/archives/partial,etc}
	for suite in "$@"; do
		echo "$type [signed-by=$keyring] $uri $suite main"
	done >"$root/etc/sources.list"
	APT=(-o "Dir::State=$root/state" -o "Dir::Cache=$root/cache"
		-o "Dir::Etc::sourcelist=$root/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o Dir::State::status=/dev/null -o APT::Sandbox::User=root
		-o Acquire::Languages=none -o Debug::NoLocking=1)
}

# The architecture name and the toolchain a kernel build tree was made with:
# KDIR_MAKE holds what its `make` must be told again.
kdir_settings() {
	local config=$1/.config version
	[ -f "$config" ] || config=$1/include/config/auto.conf
	[ -f "$config" ] || die "KDIR=$1 is no kernel build tree: it has no configuration"
	grep -q '^CONFIG_RUST=y' "$config" ||
		die "the kernel of KDIR=$1 was built without CONFIG_RUST=y: a Rust module cannot be built for it"
	KDIR_MAKE=()
	if grep -q '^CONFIG_UML=y' "$config"; then KDIR_MAKE+=(ARCH=um); fi
	version=$(sed -n 's/^CONFIG_CLANG_VERSION=\([0-9]*\)[0-9]\{4\}$/\1/p' "$config")
	if [ -n "$version" ] && [ "$version" != 0 ]; then
		if command -v "clang-$version" >/dev/null; then
			KDIR_MAKE+=("LLVM=-$version")
		else
			KDIR_MAKE+=(LLVM=1)
		fi
	fi
}

# The kernel and the user-space twin are built with Debian's toolchain: it is
# the one that comes with the library source the kernel build needs. Elsewhere
# that source is beside the compiler, or where RUST_LIB_SRC= says.
find_toolchain() {
	RUSTC=/usr/bin/rustc
	[ -x "$RUSTC" ] || die "no $RUSTC: run tools/sctp/install-deps.sh"
	RUST_VERSION=$("$RUSTC" --version | cut -d' ' -f2)
	RUST_LIB_SRC=${RUST_LIB_SRC:-/usr/src/rustc-$RUST_VERSION/library}
	if [ ! -d "$RUST_LIB_SRC" ]; then
		RUST_LIB_SRC=$("$RUSTC" --print sysroot)/lib/rustlib/src/rust/library
	fi
	[ -d "$RUST_LIB_SRC" ] ||
		die "no library source for $RUSTC $RUST_VERSION: Debian package rust-web-src, or set RUST_LIB_SRC="
	BINDGEN=$CACHE/tools/bin/bindgen
	if [ ! -x "$BINDGEN" ]; then
		BINDGEN=$(command -v bindgen) || die "no bindgen: run tools/sctp/install-deps.sh"
	fi
	export RUSTC RUST_LIB_SRC BINDGEN
	KMAKE=(make -j"$JOBS" "RUSTC=$RUSTC" "HOSTRUSTC=$RUSTC" "RUST_LIB_SRC=$RUST_LIB_SRC"
		"BINDGEN=$BINDGEN" "RUSTFMT=/usr/bin/rustfmt" "RUSTDOC=/usr/bin/rustdoc"
		"CLIPPY_DRIVER=/usr/bin/clippy-driver")
}

# Where the twin is built: here, with all output in build/; or with KEEP_TWIN=1, as in "make
# test", in a copy in the cache. There the compiler finds what it has made of another checkout,
# and only what differs is compiled; it would not in a folder by another name. The copy is
# its user's until the script ends.
TWIN_TOP=$TOP
enter_twin() {
	if [ -n "${KEEP_TWIN:-}" ]; then
		TWIN_TOP=$CACHE/twin
		lock twin
		mkdir -p "$TWIN_TOP"/{net/sctp,tools/testing}
		# What is the same keeps its time, and what is not gets a new one: that is what cargo
		# goes by.
		rsync -rc --delete "$TOP/net/sctp/engine" "$TWIN_TOP/net/sctp/" || return
		rsync -rc --delete --exclude=target "$TOP/tools/testing/sctp" "$TWIN_TOP/tools/testing/" || return
	fi
	cd "$TWIN_TOP/tools/testing/sctp"
}

# cargo for the twin: Debian's.
cargo_here() {
	PATH=/usr/bin:$PATH CARGO_TARGET_DIR=$TWIN_TOP/build/twin \
		RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc /usr/bin/cargo "$@"
}

# report STAGE PASSED FAILED SKIPPED: says what came out, leaves it for test.sh
# in build/results, and is the script's exit status.
report() {
	mkdir -p "$BUILD/results"
	echo "$2 $3 $4" >"$BUILD/results/$1"
	printf '%s: %d passed, %d failed' "$1" "$2" "$3"
	if [ "$4" != 0 ]; then printf ', %d skipped' "$4"; fi
	printf '\n'
	[ "$3" = 0 ] && [ "$2" != 0 ]
}

# tests_in_guest STAGE OPTIONS -- COMMAND...: runs in a guest what reports in the
# form of the kselftest runner, and shows, counts and reports the results. FLAVOUR=
# and MODULE= say which guest, VERBOSE=1 shows what the passing ones say, too.
tests_in_guest() {
	local name=$1 log=$BUILD/results/$1.log fd counts passed failed skipped
	shift
	mkdir -p "${log%/*}"
	exec {fd}>"$BUILD/results/.$name.lock"
	flock -n "$fd" || { say "wait for another run of $name" && flock "$fd"; }
	rm -f "$BUILD/run/$name/guest"
	"$TOP/tools/sctp/guest.sh" -n "$name" "$@" | tee "$log" |
		awk -v "verbose=${VERBOSE:-}" -f "$TOP/tools/sctp/ktap-brief.awk" || true

	counts=$(awk -f "$TOP/tools/sctp/ktap.awk" "$log")
	head -n -1 <<<"$counts"
	read -r passed failed skipped < <(tail -n 1 <<<"$counts")
	# The guest itself is one more test: nothing in the kernel's log, and a module
	# that unloads and leaves nothing behind.
	if [ "$(cat "$BUILD/run/$name/guest" 2>/dev/null)" = ok ]; then
		passed=$((passed + 1))
	else
		echo "failed: the guest itself, see above"
		failed=$((failed + 1))
	fi
	report "$name" "$passed" "$failed" "$skipped"
}
