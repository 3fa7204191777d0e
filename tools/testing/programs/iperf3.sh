#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iperf3 --sctp: both directions, parallel associations, small messages. Its receiver
# stops counting when the sender says over TCP that it is done, so that what is under
# way then is missing, with the C module, too. Neither --nstreams nor -X is tried: iperf3
# does not get that far. SIZE= is how much each association sends (40M).
. "$(dirname "$0")/programs_lib.sh"
begin 8 iperf3 python3
SIZE=${SIZE:-40M}

# Everything was sent, and all but what was under way at the end has been received.
check_report() { # BYTES
	python3 - "$TMP/client" "$1" <<-'EOF'
		import json, sys
		end = json.load(open(sys.argv[1]))["end"]
		sent, received = end["sum_sent"]["bytes"], end["sum_received"]["bytes"]
		size = int(sys.argv[2][:-1]) << 20
		print(f"# {received} of {sent} bytes, {end['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s")
		sys.exit(not (sent >= size and sent >= received >= size * 3 / 4))
	EOF
}

measure() { # FAMILY BYTES OPTION...
	serve 'listening on' iperf3 -s -1 --forceflush &&
		run_client iperf3 -c "$(server_address "$1")" --sctp -n "$2" -J "${@:3}" &&
		ended && check_report "$2"
}

for family in 4 6; do
	measure "$family" "$SIZE"
	result $? "IPv$family"
	measure "$family" "$SIZE" -R
	result $? "IPv$family, from the server"
	measure "$family" "$((${SIZE%M} * 4))M" -P 4
	result $? "IPv$family, four associations"
done
measure 4 20M -N -l 150
result $? "small messages without delay"
finish
