#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The hostile packets of flood.sh, other ones each time.
. "$(dirname "$0")/soak_lib.sh"

COUNT=$((SECS * 100)) SEED=$SEED exec bash "$HERE/../flood.sh"
