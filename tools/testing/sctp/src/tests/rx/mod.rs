// SPDX-License-Identifier: GPL-2.0

mod forward;
mod receiver;
mod sorted;
mod tsn_map;
