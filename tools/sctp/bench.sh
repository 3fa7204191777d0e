#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# bench.sh: what our module, the kernel's, TCP and UDP do in QEMU with a clock that
# counts instructions, as a table: build/bench/bench.txt, and bench.json. WORKLOADS=
# chooses among those below (guest/bench.sh says what they mean), SECS= the guest's
# seconds for each. MODULE= measures that one only, next to what the last run said of
# the other. With PROFILE=1 only our module runs, or the one MODULE= names,
# and build/bench/profile-MODULE.txt says which functions take most instructions.
# Nothing of this is a test.
. "$(dirname "$0")/lib.sh"
here=$TOP/tools/sctp
out=$BUILD/bench
secs=${SECS:-1}
[[ $secs =~ ^[1-9][0-9]*$ ]] || die "SECS=$secs: iperf3 takes whole seconds"
# shellcheck disable=SC2206 # words
workloads=(${WORKLOADS:-stream/1500/64/N stream/1500/64 stream/1500/1452/N stream/1500/65536/N
	stream/65536/64/N stream/65536/65536/N rr/64 setup})

"$here/install-deps.sh" bench
bin=$("$here/build-selftests.sh")
mkdir -p "$out"

# guest MODULE PROTOCOLS [OPTION...]: what the guest says.
guest() {
	local module=$1 protocols=$2
	shift 2
	say "bench: module $module, $protocols: ${workloads[*]}"
	"$here/guest.sh" -f x86 -m "$module" -k -n "bench-$module" -t 3600 "$@" -- \
		env "PROFILE=${PROFILE:-}" bash "$here/guest/bench.sh" \
		"$bin" "$secs" "$protocols" "${workloads[@]}"
}

# A copy of the plugin's file as lines: a mark, and of each block the address, its
# instructions and its runs.
records() { # MARK FILE
	# It ends with zeroes, of which there is no need to read all.
	{ od -An -v -t x8 -w24 "$2" || true; } |
		awk -v "mark=$1" '$1 == "0000000000000000" { exit } { print $1, mark, $2, $3 }'
}

# by_function KALLSYMS BEFORE AFTER: which functions most instructions were in between
# two copies: their share, their instructions, and how often they were called.
by_function() {
	{
		sed -E 's/^([0-9a-f]+) \S+ /\1 0 /' "$1"
		records 1 "$2"
		records 2 "$3"
	} | sort -s -k 1,2 | gawk '
		$2 == 0 { name = $3 " " $4; start = $1; next }
		{
			runs = strtonum("0x" $4) * ($2 == 1 ? -1 : 1)
			who = $1 < "ffff" ? "(user space)" : name
			n[who] += runs * strtonum("0x" $3)
			if ($1 == start) calls[who] += runs
			all += runs * strtonum("0x" $3)
		}
		END {
			for (i in n) printf "%5.1f %% %11d %9d %s\n", n[i] * 100 / all, n[i], calls[i], i
			printf "100.0 %% %11d %9s all\n", all, ""
		}' | sort -rn | c++filt | sed -n 1,60p
}

# profile MODULE: what a guest runs while it measures. Each workload is told apart
# by the lines the guest writes around it.
profile() {
	local module=$1 run=$BUILD/run/bench-$1 line
	gcc -shared -fPIC -O2 -Wall -o "$out/profile.so" "$here/bench/profile.c"
	guest "$module" sctp -P "$out/profile.so,counts=$out/counts" | while read -r line; do
		case $line in
		begin) cp --sparse=always "$out/counts" "$out/counts.before" ;;
		end) cp --sparse=always "$out/counts" "$out/counts.after" ;;
		figure*)
			echo "$line"
			by_function "$run/out/kallsyms" "$out/counts.before" "$out/counts.after"
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
touch "$out/c.log" "$out/rust.log"
for module in ${MODULE:-c rust}; do
	protocols=sctp
	if [ "$module" = rust ]; then protocols="sctp tcp udp"; fi
	guest "$module" "$protocols" | tee "$out/$module.log" | grep -v '^begin$\|^end$' >&2
done

awk -v "commit=$commit" -v "secs=$secs" -v "json=$out/bench.json" '
	$1 == "figure" {
		who = $2
		if (who == "sctp") who = FILENAME ~ /c\.log$/ ? "c" : "ours"
		if (!($3 in seen)) order[++count] = $3
		seen[$3]
		value[$3, who] = $4
	}
	function number(w, who) { return (w, who) in value ? sprintf("%.1f", value[w, who]) : "-" }
	function ratio(w, who) {
		return value[w, who] > 0 && (w, "ours") in value ?
			sprintf("%.2f", value[w, "ours"] / value[w, who]) : "-"
	}
	END {
		print "commit " commit ", " secs " s each; Mbit/s, and thousands a second of rr and setup\n"
		form = "%-22s %8s %8s %8s %8s %8s %8s %8s\n"
		printf form, "", "ours", "C", "ours/C", "TCP", "ours/TCP", "UDP", "ours/UDP"
		printf "{ \"commit\": \"%s\", \"seconds\": %s, \"figures\": {", commit, secs >json
		for (i = 1; i <= count; i++) {
			w = order[i]
			printf form, w, number(w, "ours"), number(w, "c"), ratio(w, "c"),
				number(w, "tcp"), ratio(w, "tcp"), number(w, "udp"), ratio(w, "udp")
			printf "%s\n\t\"%s\": {", i == 1 ? "" : ",", w >json
			sep = ""
			split("ours c tcp udp", whos)
			for (k = 1; k <= 4; k++)
				if ((w, whos[k]) in value) {
					printf "%s \"%s\": %s", sep, whos[k], value[w, whos[k]] >json
					sep = ","
				}
			printf " }" >json
		}
		print "\n} }" >json
	}' "$out/c.log" "$out/rust.log" | tee "$out/bench.txt"
