#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# soak.sh BIN MINUTES SEED [SCENARIOS...]: runs scenarios, by default all those of
# the folder soak of the socket tests, inside a guest, one after the other: first
# each once, then drawn from the seed as long as there is time. The first one that
# fails ends it. Those that inject faults are left out where the kernel cannot.
# The last lines are what all of them have done together.
. "$TOP/tools/sctp/guest/lib.sh"
TALLY=$(mktemp)
export BIN=$1 MODULE TALLY
minutes=$2 seed=$3
shift 3
MODULE_KO=${MODULE_FILES[-1]}
export MODULE_KO
SOURCES=$TOP/tools/testing/selftests/net/sctp/soak

scenarios=("$@")
if [ $# = 0 ]; then
	for file in "$SOURCES"/*.sh; do
		name=${file##*/}
		[ "$name" != soak_lib.sh ] || continue
		if [ ! -d /sys/kernel/debug/failslab ] && grep -q KINDS "$file"; then continue; fi
		scenarios+=("${name%.sh}")
	done
fi
# Those of which much is wanted are drawn more often than others.
drawn=()
for name in "${scenarios[@]}"; do
	case $name in
	fuzz) drawn+=("$name"{,,,}) ;;
	removal) drawn+=("$name"{,,}) ;;
	*) drawn+=("$name") ;;
	esac
done
# The order of the first round is the seed's, too.
mapfile -t scenarios < <(printf '%s\n' "${scenarios[@]}" |
	awk -v "seed=$seed" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' | sort | cut -f 2)
RANDOM=$seed
began=$SECONDS
end=$((began + minutes * 60))

echo "TAP version 13"
bad=0
n=0
while [ $bad = 0 ] && { [ $n -lt ${#scenarios[@]} ] || [ $SECONDS -lt $end ]; }; do
	# All numbers are drawn each time, so that one decides about the rest.
	name=${drawn[RANDOM % ${#drawn[@]}]} one=$RANDOM secs=$((5 + RANDOM % 26))
	[ $n -ge ${#scenarios[@]} ] || name=${scenarios[n]}
	if [ $secs -gt $((minutes * 15)) ]; then secs=$((minutes * 15)); fi
	# One that is to be seen again.
	if [ -n "${SECS:-}" ]; then one=$seed secs=$SECS; fi
	module_loaded || load_modules
	run_test $((n + 1)) "$name" 3500 env SEED=$one SECS=$secs bash "$SOURCES/$name.sh" || bad=1
	n=$((n + 1))
	if [ $bad != 0 ]; then
		echo "again: make soak SCENARIOS=$name SEED=$one SECS=$secs"
	fi
done
echo "1..$n"
echo "soak: $n scenarios in $((SECONDS - began)) s"
awk '{ n = $1; sub(/^[0-9]+ /, ""); sum[$0] += n } END { for (what in sum) print "soak: " sum[what] " " what }' "$TALLY" | sort -k 3
exit $bad
