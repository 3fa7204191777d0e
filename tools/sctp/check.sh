#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# check.sh [NAME...]: what can be found out without running the module. Each
# check is one test; with arguments only the named ones run.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
PYTHON=/usr/bin/python3
# Bytes; that of most kernels' CONFIG_FRAME_WARN.
MAX_FRAME=2048
cd "$TOP" || exit

# What is under version control or would be.
all_files() {
	git -c safe.directory="$TOP" ls-files -co --exclude-standard 2>/dev/null |
		while read -r f; do [ -f "$f" ] && printf '%s\n' "$f"; done
}
mapfile -t FILES < <(all_files | sort -u)
[ "${#FILES[@]}" != 0 ] || die "git knows no files in $TOP: make check needs a git checkout"

# matching REGEX [NOT_REGEX]: the files of that name.
matching() { printf '%s\n' "${FILES[@]}" | grep -E "$1" | grep -vE "${2:-^$}" || true; }
mapfile -t RUST < <(matching '\.rs$')
mapfile -t MODULE_RUST < <(matching '^net/sctp/.*\.rs$')
mapfile -t SAFE_RUST < <(matching '^net/sctp/.*\.rs$' '^net/sctp/sys/')
mapfile -t SYS_RUST < <(matching '^net/sctp/sys/.*\.rs$')
mapfile -t ENGINE_RUST < <(matching '^net/sctp/engine/.*\.rs$')
mapfile -t SHELL_FILES < <({ matching '\.sh$|^\.ci/run$'; } | sort -u)
mapfile -t C_FILES < <(matching '^(net|samples|tools)/.*\.[ch]$')

passed=0 failed=0
wanted=" $* "
check() { # NAME DESCRIPTION COMMAND...
	local name=$1 what=$2 out started=$SECONDS
	shift 2
	case $wanted in "  " | *" $name "*) ;; *) return 0 ;; esac
	if out=$("$@" 2>&1 </dev/null); then
		passed=$((passed + 1))
		echo "ok - $name: $what ($((SECONDS - started)) s)"
	else
		failed=$((failed + 1))
		echo "not ok - $name: $what"
		head -n 80 <<<"$out" | sed 's/^/    /'
	fi
}

# What looks at one file at a time need not look at the same bytes twice: that a
# file is fine is kept in the cache, under the hash of the tool and what else it
# goes by, and of what is in the file, and under its name.
#
# unseen TOOLS FILE...: those that are not known to be fine. TOOLS are words.
# seen TOOLS FILE...: now they are.
PASSED=$CACHE/passed
marks() { # TOOLS FILE...: a mark and the file, for each.
	local tools hash file
	# shellcheck disable=SC2086 # words
	tools=$(sha256sum $1 | sha256sum | cut -c 1-16)
	shift
	[ $# = 0 ] || sha256sum -- "$@" | while read -r hash file; do
		echo "$tools-${hash:0:32}-${file//\//,} $file"
	done
}
unseen() {
	local mark file
	while read -r mark file; do
		[ -e "$PASSED/$mark" ] || printf '%s\n' "$file"
	done < <(marks "$@")
}
seen() {
	mkdir -p "$PASSED"
	# What no checkout has any more goes.
	find "$PASSED" -type f -mtime +30 -delete
	marks "$@" | while read -r mark file; do touch "$PASSED/$mark"; done
}

rustfmt_clean() {
	local f bad=0 files tools='/usr/bin/rustfmt .rustfmt.toml'
	mapfile -t files < <(unseen "$tools" "${RUST[@]}")
	for f in "${files[@]}"; do
		# From standard input: a file by name would take its submodules along.
		if ! diff -u --label "$f" --label "$f formatted" "$f" \
			<(/usr/bin/rustfmt --edition 2021 --config-path "$TOP" <"$f"); then
			bad=1
		fi
	done
	[ "$bad" != 0 ] || seen "$tools" "${files[@]}"
	return $bad
}

spdx_first() {
	local f line bad=0
	while read -r f; do
		# A script's first line is its interpreter.
		line=$(head -n 2 "$f" | grep -v '^#!' | head -n 1)
		if [[ $line != *SPDX-License-Identifier:\ GPL-2.0* ]]; then
			echo "$f: no SPDX line"
			bad=1
		fi
	# kselftest reads settings and config without comments in mind.
	done < <(matching . '^COPYING$|/selftests/.*/(config|settings)$|/Cargo\.lock$|/(corpus|data)/|\.pcap$')
	return $bad
}

rust_rule() { # RULE FILE...
	local rule=$1
	shift
	[ $# != 0 ] || return 0
	"$PYTHON" "$here/check_rust.py" "$rule" "$@"
}

engine_forbids_unsafe() {
	# Either the module itself says so or the root that declares it.
	grep -q '^#!\[forbid(unsafe_code)\]' net/sctp/engine/mod.rs ||
		grep -A 3 '^#\[forbid(unsafe_code)\]' net/sctp/sctp_main.rs | grep -q 'mod engine;' ||
		{ echo "net/sctp/engine does not forbid unsafe_code" && return 1; }
}

file_lengths() {
	matching '\.(rs|c|h|sh|py)$' '^tools/testing/sctp/.*/(corpus|data)/' |
		xargs -r awk 'FNR == 901 { print FILENAME ": over 900 lines"; bad = 1 } END { exit bad }'
}

# Neither where this machine takes its packages from, nor where things lie on
# it. The names are read from its own settings; none is written down here.
no_machine() {
	local pattern bad=0
	pattern=$({
		cat /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/pip.conf ~/.config/pip/pip.conf \
			~/.cargo/config ~/.cargo/config.toml ~/.npmrc 2>/dev/null |
			sed -nE 's,.*[a-z+]+://([^/[:space:]"@]*@)?([^/:[:space:]"]+).*,\2,p'
		env | sed -nE 's,^(PIP|CARGO|GOPROXY|NPM|UV|HTTPS?_PROXY)[A-Z_]*=.*://([^/@]*@)?([^/:]+).*,\3,pi'
		printf '%s\n' "$TOP" "$CACHE"
	} | grep '[./]' | grep -vxE '127\.0\.0\.1' | sort -u)
	# A lock file names cargo's registry by its public identity.
	if matching . '/Cargo\.lock$' | xargs grep -nFI -e "$pattern"; then bad=1; fi
	if matching . '/Cargo\.lock$' | xargs grep -nEI '(^|[^A-Za-z0-9_.}])/(root|home|work)/[A-Za-z0-9]'; then bad=1; fi
	return $bad
}

shell_syntax() {
	local f bad=0
	for f in "${SHELL_FILES[@]}"; do bash -n "$f" || bad=1; done
	return $bad
}

shell_lint() {
	local files tools
	# What a script sources is looked at with it.
	tools="$(command -v shellcheck) ${SHELL_FILES[*]}"
	mapfile -t files < <(unseen "$tools" "${SHELL_FILES[@]}")
	# 1091: some files are sourced by a path that is known at run time only.
	# 2154: what comes from them, or from the kernel's command line.
	[ ${#files[@]} = 0 ] || shellcheck -x -S warning -e 1091,2154 "${files[@]}" || return
	seen "$tools" "${files[@]}"
}

python_lint() {
	local f
	matching '\.py$' | while read -r f; do
		"$PYTHON" - "$f" <<-'EOF' || exit 1
			import ast, sys
			ast.parse(open(sys.argv[1]).read(), sys.argv[1])
		EOF
	done
}

c_style() {
	local src script bad=0 files checkpatch
	src=$("$here/fetch-kernel.sh") || return
	script=$src/scripts/checkpatch.pl
	checkpatch=(perl "$script" --no-tree --no-summary --terse --show-types -f)
	mapfile -t files < <(unseen "$script" "${C_FILES[@]}")
	in_files() { printf '%s\n' "${files[@]}" | grep -E "$1" || true; }
	in_files '^net/' | xargs -r "${checkpatch[@]}" || bad=1
	# Programs have no kernel's macros, and kselftest_harness.h makes a language
	# of its own.
	in_files '^(samples|tools)/' | xargs -r "${checkpatch[@]}" --ignore \
		COMPLEX_MACRO,EMBEDDED_FUNCTION_NAME,MULTISTATEMENT_MACRO_USE_DO_WHILE,PREFER_DEFINED_ATTRIBUTE_MACRO,VOLATILE || bad=1
	[ "$bad" != 0 ] || seen "$script" "${files[@]}"
	return $bad
}

docs_build() { "$PYTHON" "$here/check_docs.py" "$TOP"; }

twin_clippy() {
	find_toolchain
	enter_twin &&
		cargo_here clippy --locked --workspace --all-targets -q -- -D warnings
}

# The module's own lints, as the kernel sets them, and the C compiler's.
module_lint() {
	local kdir log=$BUILD/lint/check.log
	find_toolchain
	kdir=$("$here/build-kernel.sh" x86) || return
	kdir_settings "$kdir"
	# clippy has an object rebuilt only if it is not there.
	rm -rf "$BUILD/lint"
	mkdir -p "$BUILD/lint"
	# Only what the compilers say is of interest: code of this kind is made faster,
	# and not to objtool's taste.
	"${KMAKE[@]}" -C "$kdir" M="$TOP/net/sctp" MO="$BUILD/lint" "${KDIR_MAKE[@]}" CLIPPY=1 W=1 \
		KRUSTFLAGS=-Copt-level=0 OBJECT_FILES_NON_STANDARD=y rust_sctp.o >"$log" 2>&1 ||
		{ tail -n 80 "$log" && return 1; }
	if grep -qE '^warning|: warning: |WARNING: ' "$log"; then
		grep -E -A 12 '^warning|: warning: |WARNING: ' "$log"
		return 1
	fi
}

# A call of a panicking function that the compiler could not rule out is one
# that a packet may reach. Who calls it is in the relocations.
# One is left out: sorting panics if an order is not total, and ours is that of numbers.
no_panic_calls() {
	local ko
	ko=$("$here/build-module.sh" x86 2>/dev/null) || { echo "no module" && return 1; }
	objdump -dr --no-show-raw-insn "${ko%/*}/sctp_main.o" | awk '
		/^[0-9a-f]+ <.*>:$/ { caller = $2 }
		/panic_on_ord_violation/ { next }
		/R_X86_64_(PLT32|PC32)/ && $3 ~ /_RN.*(9panicking|panic_|_fail)/ {
			sub(/[-+]0x[0-9a-f]+$/, "", $3)
			if (!seen[caller, $3]++)
				print substr(caller, 2, length(caller) - 3) " calls " $3
			bad = 1
		}
		END { exit bad }'
}

# A kernel's stack has 16 KiB, of which a packet that comes in by way of several
# devices has used half before it is here. The compiler's own warning does not
# look at Rust.
small_frames() {
	local ko
	ko=$("$here/build-module.sh" x86 2>/dev/null) || { echo "no module" && return 1; }
	objdump -d --no-show-raw-insn "${ko%/*}/sctp_main.o" | awk -v "limit=$MAX_FRAME" '
		/^[0-9a-f]+ <.*>:$/ { function_name = substr($2, 2, length($2) - 3) }
		/sub +\$0x[0-9a-f]+,%rsp$/ {
			match($0, /\$0x[0-9a-f]+/)
			bytes = strtonum(substr($0, RSTART + 1, RLENGTH - 1))
			if (bytes > limit) {
				print bytes " bytes of stack in " function_name
				bad = 1
			}
		}
		END { exit bad }'
}

# What modprobe makes of tools/sctp/modprobe.d, with both modules installed.
modprobe_file() {
	local kdir ko tmp got name bad=0
	kdir=$("$here/build-kernel.sh" x86) || return
	ko=$("$here/build-module.sh" x86 2>/dev/null) || { echo "no module" && return 1; }
	tmp=$(mktemp -d) || return
	local version=1.2.3 modules=$tmp/lib/modules/1.2.3
	mkdir -p "$modules"
	find "$kdir/net" -name '*.ko' -exec cp {} "$modules" \;
	cp "$ko" "$modules"
	touch "$modules"/modules.{order,builtin,builtin.modinfo}
	depmod -b "$tmp" $version
	for name in net-pf-2-proto-132 net-pf-10-proto-132 net-pf-16-proto-4-type-2-132 sctp sctp_diag; do
		got=$(modprobe -d "$tmp" -S $version -C "$here/modprobe.d" -n -v $name)
		if grep -E '^insmod .*/sctp(_diag)?\.ko' <<<"$got"; then
			echo "modprobe $name loads the kernel's own module"
			bad=1
		fi
		case $name in
		*diag | net-pf-16*) ;;
		*) grep -q rust_sctp <<<"$got" || { echo "modprobe $name does not load rust_sctp: $got" && bad=1; } ;;
		esac
	done
	rm -rf "$tmp"
	return $bad
}

# Twice, for it to be repeatable, on what it needs of a kernel tree.
install_tree() {
	local src tmp
	src=$("$here/fetch-kernel.sh") || return
	tmp=$(mktemp -d) || return
	mkdir -p "$tmp/net" "$tmp/rust/kernel" "$tmp/include/uapi/linux"
	cp "$src/net/Kconfig" "$src/net/Makefile" "$tmp/net/"
	KSRC=$tmp "$here/install-tree.sh" && KSRC=$tmp "$here/install-tree.sh" &&
		[ "$(diff "$src/net/Kconfig" "$tmp/net/Kconfig")" = "$(printf '%s\n' \
			"$(diff "$src/net/Kconfig" "$tmp/net/Kconfig" | head -n 1)" \
			'> source "net/rust_sctp/Kconfig"')" ] &&
		[ "$(diff "$src/net/Makefile" "$tmp/net/Makefile" | grep -c '^[<>]')" = 1 ] &&
		diff -r "$TOP/net/sctp" "$tmp/net/rust_sctp" && diff -r "$TOP/include" "$tmp/include"
	local rc=$?
	rm -rf "$tmp"
	return $rc
}

make_help() {
	local verb text bad=0
	text=$(make -s help)
	for verb in module demo test check kselftest uml shell install-tree rust-analyzer clean help; do
		grep -q "^  $verb " <<<"$text" || { echo "make help does not name $verb" && bad=1; }
		make -n "$verb" KSRC=/nonexistent >/dev/null || bad=1
	done
	return $bad
}

check rustfmt "${#RUST[@]} Rust files are formatted" rustfmt_clean
check spdx "every file begins with its licence" spdx_first
check header "each Rust file of the module says what it is" rust_rule header "${MODULE_RUST[@]}"
check unsafe "unsafe code in net/sctp/sys only" rust_rule unsafe "${SAFE_RUST[@]}"
check safety "unsafe code says why it is sound" rust_rule safety "${SYS_RUST[@]}"
check forbid "the engine forbids unsafe code" engine_forbids_unsafe
check env "the engine imports through env.rs" rust_rule env "${ENGINE_RUST[@]}"
check panic "nothing in the module panics on purpose" rust_rule panic "${MODULE_RUST[@]}"
check length "no file is over 900 lines" file_lengths
check machine "no package host and no path of this machine" no_machine
check help "make help names every verb" make_help
check bash "${#SHELL_FILES[@]} shell scripts parse" shell_syntax
check shellcheck "shellcheck has no warning" shell_lint
check python "Python files parse" python_lint
check checkpatch "${#C_FILES[@]} C files are in the kernel's style" c_style
check docs "the documentation builds, and what it names exists" docs_build
check clippy "the twin has no lint" twin_clippy
check modprobe "modprobe.d keeps the C module out of the way" modprobe_file
check install "install-tree changes two lines of a kernel tree" install_tree
check trace "tshark takes what the simulator writes for SCTP" "$here/sim.sh" trace
check panics "no panicking function is linked into the module" no_panic_calls
check frames "no function takes more than $MAX_FRAME bytes of stack" small_frames
check lint "the module has no lint (CLIPPY=1 W=1)" module_lint
report check "$passed" "$failed" 0
