// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, section by section, as scripts.

mod section_5;
