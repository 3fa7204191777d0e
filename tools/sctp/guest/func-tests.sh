#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# func-tests.sh BIN TESTS...: runs functional tests of lksctp-tools inside a guest,
# each in a network namespace of its own and several at a time, since most of what
# they do is to wait. In the form of the kselftest runner: each PASS of a test is a
# result, of as many as its source promises.
. "$TOP/tools/sctp/guest/lib.sh"
bin=$1
shift
SOURCES=${bin%/*}/src/func_tests
LIMIT=120
# For those that are waited for: some never end.
WAITING_LIMIT=20
AT_A_TIME=8
# Where the source promises another number than it keeps.
declare -A RESULTS=([test_1_to_1_events]=5 [test_1_to_1_socket_bind_listen]=14 [test_connectx]=10
	[test_sctp_sendvrecvv]=12 [test_sockopt]=44)
# Those that our module cannot pass yet, and what they wait for.
declare -A WAITING=(
	[test_re_conf]="RE-CONFIG (RFC 6525)"
)

out=$(mktemp -d)
# A test that fails dereferences a null pointer.
ulimit -c 0
run() { # TEST
	local started=$SECONDS limit=$LIMIT
	if [ "$MODULE" != c ] && [ -n "${WAITING[${1%_v6}]:-}" ]; then limit=$WAITING_LIMIT; fi
	# The shell says of each that it had a segmentation fault.
	exec 2>/dev/null
	timeout -k 5 "$limit" unshare -n bash -c '
		ip link set lo up
		# What one of them asks for.
		[ ! -e /proc/sys/net/sctp/reconf_enable ] || echo 1 >/proc/sys/net/sctp/reconf_enable
		exec "$1"' - "$bin/$1" >"$out/$1" 2>&1 </dev/null
	echo "$? $((SECONDS - started))" >"$out/$1.rc"
}

# show TEST NUMBER: what it said. Fails if the test is not as it should be.
show() {
	local test=$1 n=$2 rc seconds planned outcome=ok why said
	why=${WAITING[${test%_v6}]:-}
	if [ "$MODULE" = c ]; then why=''; fi
	read -r rc seconds <"$out/$test.rc"
	planned=${RESULTS[${test%_v6}]:-$(sed -n 's/^int TST_TOTAL *= *\([0-9]*\);.*/\1/p' "$SOURCES/${test%_v6}.c")}
	if [ "$rc" != 0 ] || [ "$(grep -c ' PASS : ' "$out/$test")" != "$planned" ]; then outcome='not ok'; fi

	echo "# selftests: lksctp-tools: $test"
	if [ -n "$why" ] && [ "$outcome" != ok ]; then
		sed 's/^/#  /' "$out/$test"
		echo "ok $n selftests: lksctp-tools: $test # SKIP waits for $why"
		return
	fi
	echo "# 1..$planned"
	sed -E 's/^.* ([0-9]+) PASS : (.*)/# ok \1 \2/; t; s/^/#  /' "$out/$test"
	case $rc in
	0) said="$seconds s" ;;
	124 | 137) said="TIMEOUT $LIMIT s" ;;
	*) said="exit=$rc" ;;
	esac
	if [ -n "$why" ]; then
		echo "#  passes: it is no longer to be among those that wait"
		outcome='not ok'
	fi
	echo "$outcome $n selftests: lksctp-tools: $test # $said"
	[ "$outcome" = ok ]
}

echo "TAP version 13"
echo "1..$#"
for test in "$@"; do
	while [ "$(jobs -pr | wc -l)" -ge "$AT_A_TIME" ]; do wait -n; done
	run "$test" &
done
wait
n=0
bad=0
for test in "$@"; do
	n=$((n + 1))
	show "$test" "$n" || bad=1
done
rm -rf "$out"
exit "$bad"
