// SPDX-License-Identifier: GPL-2.0

//! What tests hand to the engine in place of a kernel.

pub(crate) mod hex;
pub(crate) mod payload;
pub(crate) mod world;

use proptest::test_runner::Config;

/// How property tests run here: `cases` of them, and nothing is written into the source tree. A
/// failure prints the smallest input that shows it, which belongs into a test of its own.
pub(crate) fn cases(cases: u32) -> Config {
    Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    }
}
