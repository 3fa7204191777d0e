// SPDX-License-Identifier: GPL-2.0

mod receiver;
mod sorted;
mod tsn_map;
