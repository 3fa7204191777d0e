# SPDX-License-Identifier: GPL-2.0
# Shared by what runs inside a guest. Sourced, never run. guest.sh on the host
# wrote the settings that are read here: TOP KDIR FLAVOUR MODULE MODULE_FILES
# MODULE_NAME LOAD TIMEOUT.
# shellcheck shell=bash disable=SC1091

# shellcheck source=/dev/null
. "$OUT/settings"

# wait_for SECONDS COMMAND...: polls until the command, whose output is of no
# interest, succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "$SECONDS" -ge "$end" ]; then return 1; fi
		sleep 0.05
	done
}

load_modules() {
	local f
	for f in "${MODULE_FILES[@]}"; do
		insmod "$f" || return
	done
}

module_loaded() { grep -q "^$MODULE_NAME " /proc/modules; }

# The module itself, then whatever it needed, last loaded first out.
unload_modules() {
	local i name
	for ((i = ${#MODULE_FILES[@]} - 1; i >= 0; i--)); do
		name=${MODULE_FILES[i]##*/}
		name=${name%.ko}
		rmmod "${name//-/_}" || return
	done
}

# What a module that is gone must not leave behind. Says each thing it finds.
leftovers() {
	local found=0
	say_left() {
		echo "left behind after rmmod: $*"
		found=1
	}
	module_loaded && say_left "the module itself, $(grep "^$MODULE_NAME " /proc/modules)"
	[ -e /proc/net/sctp ] && say_left /proc/net/sctp
	[ -e /proc/sys/net/sctp ] && say_left /proc/sys/net/sctp
	grep -qi sctp /proc/net/protocols && say_left "$(grep -i sctp /proc/net/protocols)"
	[ -e /proc/slabinfo ] && grep -qi sctp /proc/slabinfo && say_left "$(grep -i sctp /proc/slabinfo)"
	[ -e /proc/vmallocinfo ] && grep -q "$MODULE_NAME" /proc/vmallocinfo &&
		say_left "$(grep "$MODULE_NAME" /proc/vmallocinfo)"
	return "$found"
}

# run_test N NAME LIMIT COMMAND...: what a test says, and its verdict, in the form
# of the kselftest runner.
run_test() {
	local n=$1 name=$2 limit=$3 started=$SECONDS rc
	shift 3
	echo "# selftests: net/sctp: $name"
	# A session of its own, so that a time-out ends all that the test started.
	(cd "$SOURCES" && setsid -w timeout -k 5 "$limit" "$@") </dev/null 2>&1 | sed -u 's/^/# /'
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
			return 1
		fi
		;;
	124 | 137)
		echo "not ok $n selftests: net/sctp: $name # TIMEOUT $limit seconds"
		return 1
		;;
	*)
		echo "not ok $n selftests: net/sctp: $name # exit=$rc"
		return 1
		;;
	esac
}
