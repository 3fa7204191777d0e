#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh: what our module, the kernel's, TCP and UDP do, as a table: build/bench/bench.txt,
# bench.json with each round's figures, and bench.svg. A guest is booted with the one
# module, with the other, and with none for TCP and UDP, ROUNDS= times. ENGINES= chooses among
#
#	qemu		a clock that counts instructions, one processor
#	qemu2		QEMU with two processors, in the time of this machine
#	um1, um2	User Mode Linux in the time of this machine, one and two processors
#
# WORKLOADS= among what they do (guest/bench.sh has them), SECS= says for how many of the
# guest's seconds each. MODULE= measures that one only, next to what the last run said
# of the others. With PROFILE=1 only our module runs, or the one MODULE= names, and
# build/bench/profile-MODULE.txt says what each message takes, and which functions take most
# instructions.
# Nothing of this is a test.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
out=$BUILD/bench
secs=${SECS:-1}
PYTHON=/usr/bin/python3
[[ $secs =~ ^[1-9][0-9]*$ ]] || die "SECS=$secs: iperf3 takes whole seconds"
read -r -a engines <<<"${ENGINES:-qemu qemu2 um1 um2}"

# workloads ENGINE: those that WORKLOADS= names, or all, or the usual ones.
workloads() {
	local link bytes
	case $1/${WORKLOADS:-usual} in
	qemu/usual)
		echo stream/lo/1500/{64,1452,65536}/N stream/lo/1500/64 stream/lo/65536/{64,65536}/N
		echo stream/veth/1500/{1452,65536}/N stream/veth-{nogso,plain}/1500/65536/N
		echo rr/64 setup crowd/{1,100,2500,10000} delay/{20/0,50/0,50/0.1,50/1} sack/{65536,1048576}
		;;
	qemu2/usual) echo pair/{1,2} ;;
	*/usual)
		echo stream/lo/1500/{64,1452}/N stream/lo/65536/65536/N rr/64 setup pair/{1,2}
		;;
	*/all)
		for link in lo/{1500,9000,65536} veth{,-nogso,-plain}/{1500,9000}; do
			for bytes in 64 256 1452 8192 65536; do echo stream/$link/$bytes{/N,}; done
		done
		echo rr/64 setup crowd/{1,100,2500,10000} delay/{20,50}/{0,0.1,1}
		echo sack/{65536,262144,1048576,4194304} pair/{1,2}
		;;
	*) echo "$WORKLOADS" ;;
	esac
}

"$here/install-deps.sh" bench
bin=$("$here/build-selftests.sh")
mkdir -p "$out"

# guest ENGINE MODULE PROTOCOLS [OPTION...]: what the guest says.
guest() {
	local engine=$1 module=$2 protocols=$3 list options
	mapfile -t list < <(workloads "$engine" | xargs -n 1)
	case $engine in
	qemu) options=(-f x86 -k) ;;
	qemu2) options=(-f x86 -c 2) ;;
	um[12]) options=(-f um -c "${engine#um}") ;;
	*) die "unknown engine $engine: qemu, qemu2, um1 or um2" ;;
	esac
	shift 3
	say "bench: $engine, module $module, $protocols: ${list[*]}"
	"$here/guest.sh" "${options[@]}" -m "$module" -n "bench-$engine-$module" -t 7200 "$@" -- \
		env "PROFILE=${PROFILE:-}" bash "$here/guest/bench.sh" \
		"$bin" "$secs" "$protocols" "${list[@]}"
}

# A file of the plugin's as lines: of each block the address, a mark, and what else the
# plugin says.
records() { # MARK FILE
	od -An -v -t x8 -w32 "$2" | awk -v "mark=$1" '{ print $1, mark, $2, $3, $4 }'
}

# messages FIGURE...: a line of the guest's: about how many it was.
messages() {
	local bytes=${3%/N}
	case $3 in
	*/*/memory | */*/idle | pair/* | sack/*) echo 0 ;;
	stream/*) awk "BEGIN { print int($4 * 1e6 / 8 / ${bytes##*/} * $secs) }" ;;
	delay/*) awk "BEGIN { print int($4 * 1e6 / 8 / 1452 * $secs * 5) }" ;;
	*) awk "BEGIN { print int($4 * 1000 * $secs) }" ;;
	esac
}

# by_function KALLSYMS BEFORE AFTER MESSAGES: where instructions went between two copies.
by_function() {
	{
		sed -E 's/^([0-9a-f]+) \S+ /\1 0 /' "$1"
		records 1 "$2"
		records 2 "$3"
	} | sort -s -k 1,2 | gawk -v "messages=$4" -f "$here/bench/profile.awk" | c++filt
}

# profile MODULE: what a guest runs while it measures. The plugin has written two files when
# the guest says that one has ended.
profile() {
	local module=$1 run=$BUILD/run/bench-qemu-$1 line files=0 measured=
	rm -f "$out/counts".*
	gcc -shared -fPIC -O2 -Wall -o "$out/profile.so" "$here/bench/profile.c"
	guest qemu "$module" sctp -P "$out/profile.so,counts=$out/counts" | while read -r line; do
		case $line in
		begin) ;;
		end)
			rm -f "$out/counts.$((files - 2))" "$out/counts.$((files - 1))"
			files=$((files + 2)) measured=yes
			;;
		figure*)
			echo "$line"
			[ -n "$measured" ] || continue
			# shellcheck disable=SC2086 # words
			by_function "$run/out/kallsyms" "$out/counts.$((files - 2))" \
				"$out/counts.$((files - 1))" "$(messages $line)"
			measured=
			echo
			;;
		*) echo "$line" ;;
		esac
	done | tee "$out/profile-$module.txt"
}

if [ -n "${PROFILE:-}" ]; then
	profile "${MODULE:-$DEFAULT_MODULE}"
	exit
fi

commit=$(git -C "$TOP" rev-parse --short HEAD)
git -C "$TOP" diff --quiet HEAD -- net/sctp || commit+=-modified

# measure ENGINE MODULE ROUND: with no module, TCP and UDP.
measure() {
	local protocols=sctp
	if [ "$2" = none ]; then protocols="tcp udp"; fi
	guest "$1" "$2" "$protocols" | tee "$out/$1-$2-$3.log" |
		sed -u "/^begin\$\|^end\$/d; s/^figure //; s/^/    $1 $2: /" >&2
}

read -r -a modules <<<"${MODULE:-c rust none}"
failed=0
for engine in "${engines[@]}"; do
	rounds=${ROUNDS:-$([ "$engine" = qemu ] && echo 1 || echo 3)}
	for module in "${modules[@]}"; do rm -f "$out/$engine-$module"-*.log; done
	for ((round = 1; round <= rounds; round++)); do
		guests=()
		for module in "${modules[@]}"; do
			measure "$engine" "$module" "$round" &
			guests+=($!)
			# It does not matter to who counts instructions how many do. The others take turns.
			[ "$engine" = qemu ] || wait $! || true
		done
		for guest in "${guests[@]}"; do wait "$guest" || failed=1; done
	done
done

"$PYTHON" "$here/bench/table.py" "$out" "$commit" "$secs" "${modules[*]}" "${engines[@]}" | tee "$out/bench.txt"
"$PYTHON" "$here/bench/chart.py" "$out/bench.json" >"$out/bench.svg"
[ "$failed" = 0 ] || die "a guest failed, see above"
