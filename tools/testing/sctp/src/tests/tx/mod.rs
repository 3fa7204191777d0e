// SPDX-License-Identifier: GPL-2.0

mod outstanding;
mod schedule;
mod send_queue;
