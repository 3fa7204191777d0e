#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# insmod, traffic, rmmod, a hundred times, in namespaces that live all the while:
# each time it must work, and at the end memory must be where it was.
#
#	LOOPS=	how often (100)
. "$(dirname "$0")/sctp_lib.sh"

LOOPS=${LOOPS:-100}
need_removable_module
setup_veth || ktap_skip_all "no veth"
mark_log

# once I: both styles and both families take turns.
once() {
	local family=4 style=one-to-one
	[ $(($1 % 2)) = 1 ] && family=6
	[ $(($1 / 2 % 2)) = 1 ] && style=one-to-many
	insmod "$MODULE_KO" || return
	if ! transfer $family $style -b 100K -S "$1" >"$TMP/transfer"; then
		cat "$TMP/transfer"
		return 1
	fi
	remove_module 5
}

# measure FILE: objects in use of the caches that a protocol uses, then some of
# meminfo's figures in kB.
#
# What processors keep for themselves counts, in lots of about sixty objects,
# unless the cache has just been shrunk, and even the reading can fetch such a
# lot: so no program is started in between. And what is freed behind RCU is kept
# for up to five seconds, to free it in one go: so the least of seven seconds is
# what counts.
measure() {
	local cache name n
	local -A least=()
	sync
	for _ in 1 2 3 4 5 6 7; do
		sleep 1
		for cache in /sys/kernel/slab/{kmalloc-,skbuff,*dst}*; do
			[ -e "$cache/objects" ] || continue
			name=${cache##*/}
			for _ in 1 2 3; do
				echo 1 >"$cache/shrink"
				read -r n _ <"$cache/objects"
				[ "$n" -ge "${least[$name]:-$((n + 1))}" ] || least[$name]=$n
			done
		done
	done
	for name in "${!least[@]}"; do
		echo "$name ${least[$name]}"
	done >"$1"
	awk '/^(VmallocUsed|Percpu):/ { sub(":", ""); print $1, $2 }' /proc/meminfo >>"$1"
	note "$(grep -E 'SUnreclaim|VmallocUsed|Percpu' /proc/meminfo | tr -s '\n ' ' ')"
}

# compare BEFORE MIDDLE AFTER: what each loop leaks, an object or a page, makes
# both halves grow. The counts are not exact, but do not err twice like that.
compare() {
	join <(join <(sort "$1") <(sort "$2")) <(sort "$3") |
		awk -v loops="$LOOPS" '{
			limit = loops / 2 * 0.8 * ($1 ~ /^(VmallocUsed|Percpu)$/ ? 4 : 1)
			if ($3 - $2 > limit && $4 - $3 > limit) {
				printf "# %s grew from %d to %d to %d\n", $1, $2, $3, $4
				bad = 1
			}
		} END { exit bad }'
}

# loops COUNT
loops() {
	local i started=$SECONDS
	for ((i = 0; i < $1; i++)); do
		if ! once $i; then
			note "failed after $i times"
			return 1
		fi
	done
	note "$1 times in $((SECONDS - started)) s"
}

ktap_plan 7
# The first few fill caches that are kept.
loops 8
ktap $? "the first eight times"
cp /proc/modules "$TMP/modules"
measure "$TMP/before"
loops $((LOOPS / 2))
ktap $? "$((LOOPS / 2)) times"
measure "$TMP/middle"
loops $((LOOPS - LOOPS / 2))
ktap $? "$((LOOPS - LOOPS / 2)) times"
measure "$TMP/after"

# Where a module is loaded is not to be compared.
diff <(cut -d' ' -f1,2 "$TMP/modules") <(cut -d' ' -f1,2 /proc/modules)
ktap $? "the same modules are loaded"
compare "$TMP/before" "$TMP/middle" "$TMP/after"
ktap $? "memory is where it was"
! grep -qi sctp /proc/slabinfo /proc/net/protocols 2>/dev/null &&
	! [ -e /proc/sys/net/sctp ] && ! [ -e /proc/net/sctp ]
ktap $? "nothing is left behind"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
