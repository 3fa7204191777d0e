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

removed() { rmmod "$MODULE_NAME" 2>"$TMP/rmmod"; }

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
	wait_for 5 removed || {
		show "$TMP/rmmod"
		return 1
	}
}

# measure FILE: objects in use of each cache for kernel memory, then meminfo's
# figures in kB. Shrinking a cache makes its count exact.
measure() {
	local cache
	sync
	sleep 0.5
	for cache in /sys/kernel/slab/*; do
		[ -L "$cache" ] && continue
		echo 1 >"$cache/shrink" 2>/dev/null
	done
	for cache in /sys/kernel/slab/kmalloc-*; do
		echo "$(basename "$cache") $(cut -d' ' -f1 "$cache/objects")"
	done >"$1"
	awk '/^(SUnreclaim|VmallocUsed|Percpu|KernelStack):/ { sub(":", ""); print $1, $2 }' \
		/proc/meminfo >>"$1"
}

# compare BEFORE AFTER: a leak in each loop would leave at least one object or
# one page behind each time. Half of that is what chance may do.
compare() {
	join <(sort "$1") <(sort "$2") |
		awk -v loops="$LOOPS" '{
			grown = $3 - $2
			limit = $1 ~ /^kmalloc/ ? loops / 2 : loops * 4 / 2
			if (grown > limit) {
				printf "# %s grew from %d to %d\n", $1, $2, $3
				bad = 1
			}
		} END { exit bad }'
}

ktap_plan 6
# The first few fill caches that are kept.
rc=0
for ((i = 0; i < 8; i++)); do
	once $i || rc=1
done
ktap $rc "the first eight times"
cp /proc/modules "$TMP/modules"
measure "$TMP/before"

rc=0
started=$SECONDS
for ((i = 0; i < LOOPS; i++)); do
	if ! once $i; then
		note "failed the ${i}th time"
		rc=1
		break
	fi
done
note "$i times in $((SECONDS - started)) s"
ktap $rc "$LOOPS times"
measure "$TMP/after"
note "before: $(tail -n 4 "$TMP/before" | tr '\n' ' ')kB"
note "after:  $(tail -n 4 "$TMP/after" | tr '\n' ' ')kB"

# Where a module is loaded is not to be compared.
diff <(cut -d' ' -f1,2 "$TMP/modules") <(cut -d' ' -f1,2 /proc/modules)
ktap $? "the same modules are loaded"
compare "$TMP/before" "$TMP/after"
ktap $? "memory is where it was"
! grep -qi sctp /proc/slabinfo /proc/net/protocols 2>/dev/null &&
	! [ -e /proc/sys/net/sctp ] && ! [ -e /proc/net/sctp ]
ktap $? "nothing is left behind"
check_log
ktap $? "nothing in the kernel's log"
ktap_finish
