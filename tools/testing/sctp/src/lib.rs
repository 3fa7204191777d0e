// SPDX-License-Identifier: GPL-2.0

//! The SCTP engine in user space: the very sources of `net/sctp/engine`, and their tests.
//!
//! Nothing here is linked into anything; `cargo test` and `cargo fuzz` are what this crate is for.
//! The engine's items are visible within one crate only, so the tests are modules of this one, in
//! folders that mirror the engine's, and so is what the fuzzers run.

#![forbid(unsafe_code)]
// The engine's user is the kernel module: what only that one calls is dead code here.
#![allow(dead_code)]
// So are most of the tests to the fuzzers, which use their hosts and their network.
#![cfg_attr(not(test), allow(unused_imports, unused_macros))]

#[path = "../../../../net/sctp/engine/mod.rs"]
pub(crate) mod engine;

#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
#[cfg(any(test, feature = "fuzz"))]
mod tests;
