# SPDX-License-Identifier: GPL-2.0
# Shared by the scenarios of this folder, which tools/sctp/guest/soak.sh runs in a
# random order; sourced, never run. What sctp_lib.sh has, numbers from a seed, a
# swarm in each of two namespaces, and fault injection.
#
#	SEED=	of what the scenario does (it is printed)
#	SECS=	about how long it takes (20)
# shellcheck shell=bash disable=SC2034
. "$(dirname "$0")/../sctp_lib.sh"

SEED=${SEED:-$RANDOM}
SECS=${SECS:-20}
RANDOM=$SEED
END=$((SECONDS + SECS))
# Of transfers that last until they are stopped.
XFER_TIMEOUT=3600
note "SEED=$SEED SECS=$SECS"

need_root
[ -n "$MODULE_KO" ] || ktap_skip_all "MODULE_KO= names no module"

# draw FROM TO: a number, in DRAWN: a subshell would not move the seed on.
draw() { DRAWN=$(($1 + (RANDOM << 15 | RANDOM) % ($2 - $1 + 1))); }

# goes_on ROUNDS: whether there is to be one more after so many.
goes_on() {
	if [ -n "${ROUNDS:-}" ]; then [ "$1" -lt "$ROUNDS" ]; else [ "$SECONDS" -lt "$END" ]; fi
}

# tally N WHAT: for the sums of a soak, which are in the file TALLY=.
tally() { [ -z "${TALLY:-}" ] || echo "$1 $2" >>"$TALLY"; }

# a_moment: up to a second, often much less.
a_moment() {
	draw 0 3
	draw 0 $((10 ** DRAWN))
	sleep "$((DRAWN / 1000)).$(printf %03d $((DRAWN % 1000)))"
}

# start_swarm [OPTION...]: in both namespaces. Both have come as far as to listen.
declare -A SWARM=()
start_swarm() {
	local ns peers
	for ns in "$NS_A" "$NS_B"; do
		peers="10.9.0.2 fd09::2"
		[ "$ns" = "$NS_A" ] || peers="10.9.0.1 fd09::1"
		: >"$TMP/swarm.$ns"
		draw 1 1000000000
		# shellcheck disable=SC2086
		start ip netns exec "$ns" "$BIN/sctp_swarm" -S "$DRAWN" "$@" $peers >"$TMP/swarm.$ns" 2>&1
		SWARM[$ns]=$STARTED
	done
	for ns in "$NS_A" "$NS_B"; do
		wait_for 20 grep -q listening "$TMP/swarm.$ns" || {
			show "$TMP/swarm.$ns"
			return 1
		}
	done
}

# kill_swarm [NAMESPACE...]: abruptly. Fails if one had something to say before.
kill_swarm() {
	local ns rc=0 status
	[ $# != 0 ] || set -- "$NS_A" "$NS_B"
	for ns in "$@"; do
		[ -n "${SWARM[$ns]:-}" ] || continue
		kill -KILL "${SWARM[$ns]}" 2>/dev/null
		wait "${SWARM[$ns]}" 2>/dev/null
		status=$?
		unset "SWARM[$ns]"
		if [ $status != 137 ]; then
			note "a swarm had ended with status $status"
			show "$TMP/swarm.$ns"
			rc=1
		fi
	done
	return $rc
}

# nothing_left SECONDS: all that the module counts comes down to zero.
nothing_left() {
	wait_for "$1" no_objects && return
	grep -H . "$OBJECTS"/* | sed 's/^/# /'
	return 1
}

# slab: kB that the kernel has in objects.
slab() { awk '/^(Slab|Percpu):/ { n += $2 } END { print n }' /proc/meminfo; }

# figures WHEN: what there is of memory, and what of it the module has counted.
figures() {
	local objects='' file
	for file in "$OBJECTS"/*; do
		[ ! -e "$file" ] || objects+=" ${file##*/} $(cat "$file"),"
	done
	note "$1: $(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) kB available, $(slab) kB in slabs," \
		"$(awk '/^SCTP / { print $4 * 4 }' /proc/net/protocols) kB of sockets;${objects%,}"
}

# conclude: the last two tests of a scenario whose module stays, and its end.
conclude() {
	nothing_left 30
	ktap $? "nothing is left"
	check_log
	ktap $? "nothing in the kernel's log"
	ktap_finish
}

# Faults
# ------

FAULTS=/sys/kernel/debug
KINDS=(failslab fail_page_alloc fail_usercopy fail_skb_realloc)

# prepare_faults KIND: failslab, fail_page_alloc, fail_usercopy or fail_skb_realloc,
# in what the module itself asks for: the programs around are to work on. And
# what the debug kernel keeps for its own purposes is not to fail.
prepare_faults() {
	local dir=$FAULTS/$1 base size cache
	[ -d "$dir" ] || ktap_skip_all "no $1 in this kernel"
	echo 0 >"$dir/probability"
	echo 0 >"$dir/verbose"
	echo N >"$dir/task-filter"
	echo -1 >"$dir/times"
	read -r _ size _ _ _ base _ < <(grep "^$MODULE_NAME " /proc/modules)
	echo 32 >"$dir/stacktrace-depth"
	echo "$base" >"$dir/require-start"
	printf '%#x' $((base + size)) >"$dir/require-end"
	case $1 in
	failslab)
		echo N >"$dir/ignore-gfp-wait"
		for cache in /sys/kernel/slab/{:*,kmalloc-*,skbuff*,*SCTP*,*dst*}; do
			[ ! -e "$cache/failslab" ] || echo 1 >"$cache/failslab"
		done
		echo Y >"$dir/cache-filter"
		;;
	fail_page_alloc)
		echo N >"$dir/ignore-gfp-wait"
		echo 0 >"$dir/min-order"
		;;
	esac
}

# faults KIND PROBABILITY: in percent.
faults() {
	prepare_faults "$1"
	echo "$2" >"$FAULTS/$1/probability"
}

no_faults() {
	local kind
	for kind in "${KINDS[@]}"; do
		[ ! -d "$FAULTS/$kind" ] || echo 0 >"$FAULTS/$kind/probability"
	done
}
