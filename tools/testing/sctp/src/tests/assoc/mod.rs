// SPDX-License-Identifier: GPL-2.0

//! Two associations and what they say to each other.

mod setup;
mod stall;
mod transfer;
