#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Osmocom's signalling transfer point, and m3ua.py as two application servers that
# exchange messages by way of it. COUNT= is how many go in either direction (200).
. "$(dirname "$0")/programs_lib.sh"
begin 3 osmo-stp python3
COUNT=${COUNT:-200}

pass_on() { # FAMILY
	cat >"$TMP/stp.cfg" <<-EOF
		log stderr
		 logging color 0
		 logging filter all 1
		 logging level set-all notice
		cs7 instance 0
		 xua rkm routing-key-allocation dynamic-permitted
		 listen m3ua 2905
		  accept-asp-connections dynamic-permitted
		  local-ip $(server_address "$1")
	EOF
	serve 'Available via telnet' osmo-stp -c "$TMP/stp.cfg" &&
		run_client python3 "$(dirname "$0")/m3ua.py" "$(local_address "$1")" \
			"$(server_address "$1")" "$COUNT"
}

for family in 4 6; do
	pass_on "$family"
	result $? "IPv$family: messages between two application servers"
done
finish
