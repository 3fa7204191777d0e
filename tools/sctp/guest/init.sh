#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The guest's first process: makes a usable system out of the host's root, which
# is mounted read-only, loads the module, runs the payload, unloads, looks for
# what was left behind, and only then writes the verdict.
#
# From the kernel's command line come guest_out (how to mount the directory
# shared with the host), guest_mnt (an empty directory of the host's root) and
# guest_tty (where the payload's output goes).
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C
umask 022

halt_guest() {
	sync
	# Power-off where there is a way to; a reboot ends the virtual machine
	# too, which is told not to come back.
	case $guest_tty in
	ttyS*) busybox reboot -f ;;
	*) busybox poweroff -f ;;
	esac
	sleep 60
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev || mount -t tmpfs tmpfs /dev
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mkdir -p /dev/shm && mount -t tmpfs tmpfs /dev/shm
ln -sfn /proc/self/fd /dev/fd
mount -t tmpfs tmpfs "$guest_mnt"
mkdir "$guest_mnt/out" "$guest_mnt/shared" "$guest_mnt/keep"

export OUT=$guest_mnt/out SHARED=$guest_mnt/shared
case $guest_out in
9p)
	o=trans=virtio,version=9p2000.L,msize=262144
	mount -t 9p -o "$o" out "$OUT" || halt_guest
	mount -t 9p -o "$o" shared "$SHARED" 2>/dev/null
	;;
*)
	mount -t hostfs -o "$guest_out" hostfs "$OUT" || halt_guest
	mount -t hostfs -o "$guest_shared" hostfs "$SHARED"
	;;
esac
# User Mode Linux comes back after a reboot or panic; nothing is run twice.
[ -e "$OUT/booted" ] && halt_guest
echo >"$OUT/booted"
cat /proc/kmsg >"$OUT/kmsg" &
kmsg_reader=$!

# shellcheck source=tools/sctp/guest/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

# Namespaces and the module come and go all the time here, and wait for grace periods when
# they do. Debug kernels keep the ordinary ones.
if [ "$FLAVOUR" = um ]; then echo 1 >/sys/kernel/rcu_expedited; fi

# Scratch space over the host's, but not over the checkout or the cache, which
# may live there.
masked=(/tmp /run /var/tmp)
for d in "$TOP" "$CACHE" "$KDIR"; do
	for m in "${masked[@]}"; do
		case $d in "$m"/*)
			mkdir -p "$guest_mnt/keep$d"
			mount --bind "$d" "$guest_mnt/keep$d"
			;;
		esac
	done
done
for m in "${masked[@]}"; do
	[ -d "$m" ] && [ ! -L "$m" ] && mount -t tmpfs -o mode=1777 tmpfs "$m"
done
for d in "$TOP" "$CACHE" "$KDIR"; do
	if [ -d "$guest_mnt/keep$d" ]; then
		mkdir -p "$d"
		mount --bind "$guest_mnt/keep$d" "$d"
	fi
done

# A process of User Mode Linux is one of the host's, which may not let it run for many
# seconds when it is busy. That is no lockup of the guest.
if [[ $FLAVOUR = um* ]] && [ -e /proc/sys/kernel/watchdog_thresh ]; then
	echo 60 >/proc/sys/kernel/watchdog_thresh
fi
ip link set lo up
hostname guest 2>/dev/null
echo 5 4 1 7 >/proc/sys/kernel/printk
cd "$TOP" || halt_guest
exec </dev/null >"/dev/$guest_tty" 2>&1

verdict=0
guest=ok
fail() {
	echo "guest: $*"
	guest=failed
}

# Ends a payload that takes too long, after saying what it was at.
watchdog() {
	local p
	sleep "$TIMEOUT"
	echo "guest: the payload is stopped after $TIMEOUT s; what runs:"
	for p in /proc/[0-9]*; do
		[ -n "$(tr -d '\0' 2>/dev/null <"$p/cmdline")" ] || continue
		[ "$p" != /proc/1 ] || continue
		printf -- '%s (%s): %s\n' "${p#/proc/}" "$(awk '/^State/ { print $2 }' "$p/status")" \
			"$(tr '\0' ' ' <"$p/cmdline")"
		sed 's/^/    /' "$p/stack"
	done 2>/dev/null
	pkill -KILL -s "$payload"
}

# In User Mode Linux kmemleak does not look into all of the kernel's own data, and
# reports what only that leads to. There, what counts was allocated by way of the
# module, whose code has no names any more.
leaked() {
	awk -v "all=$([[ $FLAVOUR = um* ]] || echo 1)" '
		function report() { if (all || ours) printf "%s", text; text = ""; ours = 0 }
		/^unreferenced/ { report() }
		/^    0x/ { ours = 1 }
		{ text = text $0 "\n" }
		END { report() }' /sys/kernel/debug/kmemleak
}

[ -e /sys/kernel/debug/kmemleak ] && echo clear >/sys/kernel/debug/kmemleak
if [ "$LOAD" = yes ]; then
	load_modules || fail "insmod failed"
fi

if [ "$guest" = ok ]; then
	if [ "$INTERACTIVE" = yes ]; then
		setsid -c -w bash --rcfile "$TOP/tools/sctp/guest/bashrc" -i <"/dev/$guest_tty"
	else
		setsid bash "$OUT/payload" &
		payload=$!
		watchdog &
		disown
		wait "$payload" 2>/dev/null
		verdict=$?
	fi
	echo "$verdict" >"$OUT/payload.rc"
fi

# Nothing of the payload may keep the module busy from here on.
left=()
for p in /proc/[0-9]*; do
	# Kernel threads have no command line.
	[ -n "$(tr -d '\0' 2>/dev/null <"$p/cmdline")" ] || continue
	p=${p#/proc/}
	case $p in 1 | "$kmsg_reader") ;; *) left+=("$p") ;; esac
done
[ "${#left[@]}" = 0 ] || kill -KILL "${left[@]}" 2>/dev/null
ip -all netns delete 2>/dev/null

if [ "$MODULE" = rust ] && module_loaded; then
	# Closing associations may hold it for as long as their peers take.
	if wait_for 60 unload_modules; then
		echo "guest: rust_sctp unloaded"
	else
		fail "rmmod failed: $(unload_modules 2>&1)"
		cat /proc/net/sctp/assocs /proc/net/sctp/eps 2>/dev/null
	fi
fi
if [ "$MODULE" = rust ]; then
	leftovers || fail "the module left something behind"
fi
if [ -e /sys/kernel/debug/kmemleak ] && [ "$INTERACTIVE" != yes ]; then
	# An object counts as leaked when two scans in a row do not reach it.
	for _ in 1 2; do echo scan >/sys/kernel/debug/kmemleak; done
	# The file says of itself that it is empty.
	leaks=$(leaked | head -n 200)
	if [ -n "$leaks" ]; then
		fail "kmemleak found:"
		echo "$leaks"
	fi
fi

# The log is complete on the host's side when this line has come through.
echo "<6>guest: end of log" >/dev/kmsg
wait_for 10 grep -q "guest: end of log" "$OUT/kmsg" || fail "the kernel's log did not come through"
echo "$guest $verdict" >"$OUT/status"
halt_guest
