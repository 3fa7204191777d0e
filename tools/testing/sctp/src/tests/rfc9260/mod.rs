// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, section by section, as scripts.

mod matrix;
mod section_3;
mod section_5;
mod section_5_2;
mod section_6;
mod section_7;
mod section_8;
mod section_9;
