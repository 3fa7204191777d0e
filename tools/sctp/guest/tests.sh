#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tests.sh BIN TESTS...: runs the socket tests inside a guest, in the form of
# the kselftest runner: KTAP, the tests' own output behind "# ". TESTS are
# words prog:NAME and script:NAME, scripts of the folder SOURCES=.
. "$TOP/tools/sctp/guest/lib.sh"
export BIN=$1 MODULE
shift
MODULE_KO=${MODULE_FILES[-1]}
export MODULE_KO
SOURCES=${SOURCES:-$TOP/tools/testing/selftests/net/sctp}
LIMIT=$(sed -n 's/^timeout=//p' "$SOURCES/settings" 2>/dev/null)
LIMIT=${LIMIT:-300}
# Everything takes several times as long under KASAN and lockdep.
if [[ $FLAVOUR = *debug ]]; then LIMIT=$((LIMIT * 4)); fi

# An emulated processor takes ten times as long, and User Mode Linux runs everything:
# so under TCG the long ones are cut short and the programs run with two of the six
# flavours of sockets only, unless FULL=1; vrf.sh, which begins programs all the time, not at
# all, nor what goes by time-outs of some milliseconds.
emulated() { [ -z "${FULL:-}" ] && grep -q 'QEMU TCG' /proc/cpuinfo; }

short() { # TEST
	emulated || return 0
	case $1 in
	transfer.sh) printf '%s\n' "SIZE=${SIZE:-200K}" "SHARE=${SHARE:-100K}" 'PAIRS=4:one-to-many 6:one-to-one' ;;
	multihome.sh) printf '%s\n' RATE=1mbit CAPTURE=500 ;;
	netem_transfer.sh) echo "SIZE=${SIZE:-4M}" ;;
	pmtu.sh) printf '%s\n' "SIZE=${SIZE:-300K}" "LONG=${LONG:-6M}" ;;
	insmod_loop.sh) echo "LOOPS=${LOOPS:-10}" ;;
	flood.sh) echo "COUNT=${COUNT:-10000}" ;;
	gso.sh) echo "BYTES=600000" ;;
	esac
}

flavours=()
if emulated; then
	for flavour in ipv4_one_to_many ipv6_one_to_one mapped_one_to_{one,many}; do
		flavours+=(-V "$flavour")
	done
fi

# alone TEST: whether it takes the module away from the others.
alone() { grep -q '^need_removable_module' "$SOURCES/${1#script:}" 2>/dev/null; }

# run N TEST: what it says, and its verdict.
run() {
	local n=$1 kind=${2%%:*} name=${2#*:} settings
	case $kind in
	prog) run_test "$n" "$name" "$LIMIT" "$BIN/$name" "${flavours[@]}" ;;
	*)
		mapfile -t settings < <(short "$name")
		run_test "$n" "$name" "$LIMIT" env "${settings[@]}" bash "$SOURCES/$name"
		;;
	esac
}

if emulated; then
	for test in "$@"; do
		shift
		case $test in prog:notify_path | script:vrf.sh) ;; *) set -- "$@" "$test" ;; esac
	done
fi

echo "TAP version 13"
echo "1..$#"
n=0
bad=0
said=$(mktemp -d)
declare -A running=()

# finish: waits for one of those that run, and lets it speak, all at once.
finish() {
	local pid
	wait -n -p pid "${!running[@]}" || bad=1
	cat "$said/${running[$pid]}"
	rm -f "$said/${running[$pid]}"
	unset "running[$pid]"
}

# Most of a test is to wait. Each makes its own network namespaces, so that one more
# than there are processors run at a time; those that remove the module come last, each
# for itself. The long ones, which are scripts, come first.
at_once=$(($(nproc) + 1))
module_loaded || load_modules
# The C implementation has this in a module of its own.
if [ "$MODULE" = c ]; then insmod "${MODULE_KO%/*}/sctp_diag.ko"; fi
last=()
for kind in script prog; do
	for test in "$@"; do
		[ "${test%%:*}" = $kind ] || continue
		if alone "$test"; then
			last+=("$test")
			continue
		fi
		n=$((n + 1))
		if [ ${#running[@]} = $at_once ]; then finish; fi
		run $n "$test" >"$said/$n" &
		running[$!]=$n
	done
done
while [ ${#running[@]} != 0 ]; do finish; done
for test in "${last[@]}"; do
	n=$((n + 1))
	run $n "$test" || bad=1
	# It may have left it out.
	module_loaded || load_modules
done
exit $bad
