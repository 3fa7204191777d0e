// SPDX-License-Identifier: GPL-2.0

mod outstanding;
mod send_queue;
