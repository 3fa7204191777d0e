#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# tests.sh BIN TESTS...: runs the socket tests inside a guest, in the form of
# the kselftest runner: KTAP, the tests' own output behind "# ". TESTS are
# words prog:NAME and script:NAME.
. "$TOP/tools/sctp/guest/lib.sh"
export BIN=$1 MODULE
shift
MODULE_KO=${MODULE_FILES[-1]}
export MODULE_KO
SOURCES=$TOP/tools/testing/selftests/net/sctp
LIMIT=$(sed -n 's/^timeout=//p' "$SOURCES/settings" 2>/dev/null)
LIMIT=${LIMIT:-300}
# Everything takes several times as long under KASAN and lockdep.
if [ "$FLAVOUR" = debug ]; then LIMIT=$((LIMIT * 4)); fi

# The long ones are for processors that are not emulated: under TCG they are cut
# short, unless FULL=1, and run in full in User Mode Linux.
short() { # TEST
	[ -z "${FULL:-}" ] && grep -q 'QEMU TCG' /proc/cpuinfo || return 0
	case $1 in
	transfer.sh) echo "SIZE=${SIZE:-1M}" ;;
	netem_transfer.sh) echo "SIZE=${SIZE:-8M}" ;;
	pmtu.sh) printf '%s\n' "SIZE=${SIZE:-1M}" "LONG=${LONG:-10M}" ;;
	insmod_loop.sh) echo "LOOPS=${LOOPS:-10}" ;;
	flood.sh) echo "COUNT=${COUNT:-20000}" ;;
	esac
}

echo "TAP version 13"
echo "1..$#"
n=0
bad=0
for test in "$@"; do
	n=$((n + 1))
	kind=${test%%:*} name=${test#*:}
	case $kind in
	prog) command=("$BIN/$name") ;;
	*)
		mapfile -t settings < <(short "$name")
		command=(env "${settings[@]}" bash "$SOURCES/$name")
		;;
	esac
	echo "# selftests: net/sctp: $name"
	# Tests of loading and unloading may have left it out.
	module_loaded || load_modules
	started=$SECONDS
	# A session of its own, so that a time-out ends all that the test started.
	(cd "$SOURCES" && setsid -w timeout -k 5 "$LIMIT" "${command[@]}") </dev/null 2>&1 | sed -u 's/^/# /'
	rc=${PIPESTATUS[0]}
	case $rc in
	0) echo "ok $n selftests: net/sctp: $name # $((SECONDS - started)) s" ;;
	4)
		# The guest has all that a test may want, but for the C module some do
		# not apply.
		if [ "$MODULE" = c ]; then
			echo "ok $n selftests: net/sctp: $name # SKIP"
		else
			echo "not ok $n selftests: net/sctp: $name # skipped where it must not be"
			bad=1
		fi
		;;
	124 | 137)
		echo "not ok $n selftests: net/sctp: $name # TIMEOUT $LIMIT seconds"
		bad=1
		;;
	*)
		echo "not ok $n selftests: net/sctp: $name # exit=$rc"
		bad=1
		;;
	esac
done
exit $bad
