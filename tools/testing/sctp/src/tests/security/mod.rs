// SPDX-License-Identifier: GPL-2.0

//! Attacks, and the shapes of vulnerabilities that other implementations had.

mod attacks;
mod cve;
#[cfg(test)]
mod work;
