#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The hostile packets of flood.sh, other ones each time.
#
#	COUNT=	of them (100 for each second of SECS=)
. "$(dirname "$0")/soak_lib.sh"

COUNT=${COUNT:-$((SECS * 100))}
tally "$COUNT" "hostile packets"
COUNT=$COUNT SEED=$SEED exec bash "$HERE/../flood.sh"
