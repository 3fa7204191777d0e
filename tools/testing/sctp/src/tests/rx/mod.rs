// SPDX-License-Identifier: GPL-2.0

mod buffer;
mod forward;
mod receiver;
mod sorted;
mod tsn_map;
