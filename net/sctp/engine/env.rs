// SPDX-License-Identifier: GPL-2.0

//! What the engine takes from the kernel crate, and nothing else of the engine may import from it.
//!
//! In user space a crate of the same name stands in (`tools/testing/sctp/kernel`), so every name
//! here has a twin there. Keep the list short.

pub(crate) use kernel::alloc::{
    AllocError,
    Flags,
    KBox,
    KVec, //
};

#[cfg(not(MODULE))]
std::thread_local! {
    /// The SSN that each stream begins with, for tests that do not want to wait until SSNs wrap.
    pub(crate) static FIRST_SSN: core::cell::Cell<u16> = const { core::cell::Cell::new(0) };
}
