#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# clean.sh: removes what the scripts made in the checkout.
. "$(dirname "$0")/lib.sh"

rm -rf "$BUILD" "$TOP/rust-project.json"
