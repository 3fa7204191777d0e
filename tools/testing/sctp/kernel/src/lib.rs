// SPDX-License-Identifier: GPL-2.0

//! Stand-in for the kernel crate: the names that `net/sctp/engine/env.rs` imports, in user space.
//!
//! Signatures and semantics are those of the kernel (`rust/kernel/alloc`), with two additions that
//! a test wants: [`fault`] makes chosen allocations fail and counts the live ones, and a request
//! larger than kmalloc can serve fails as it would there.

#![forbid(unsafe_code)]

pub mod alloc;
pub mod fault;
