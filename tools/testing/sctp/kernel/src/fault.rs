// SPDX-License-Identifier: GPL-2.0

//! Allocation failures on demand, and the count of what is allocated.
//!
//! All state is per thread, as a test is: what one test plans no other one feels. Memory that is
//! freed on another thread than it came from is therefore counted wrongly; do not do that in a
//! test that looks at [`live`].
//!
//! A sweep over every allocation of a scenario is:
//!
//! ```
//! use kernel::{alloc::{flags::GFP_ATOMIC, KBox}, fault};
//!
//! for n in 1.. {
//!     let plan = fault::fail_nth(n);
//!     let result = KBox::new(1, GFP_ATOMIC);
//!     if !plan.has_failed() {
//!         break;
//!     }
//!     assert!(result.is_err());
//! }
//! ```

use std::cell::Cell;

/// Largest request that kmalloc serves (KMALLOC_MAX_SIZE with 4 KiB pages).
pub const MAX_SIZE: usize = 4 << 20;

thread_local! {
    /// Allocations that are let through before one fails; `None` if none is to fail.
    static UNTIL_FAILURE: Cell<Option<u64>> = const { Cell::new(None) };
    /// How many fail from then on.
    static TO_FAIL: Cell<u64> = const { Cell::new(0) };
    /// Failures that a plan caused.
    static FAILURES: Cell<u64> = const { Cell::new(0) };
    /// Attempts to allocate or to grow.
    static ATTEMPTS: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
}

/// A plan in force on this thread until it is dropped.
#[derive(Debug)]
#[must_use = "the plan ends when this is dropped"]
pub struct Plan {
    failures_before: u64,
}

impl Plan {
    fn start(n: u64, count: u64) -> Self {
        UNTIL_FAILURE.set(Some(n.saturating_sub(1)));
        TO_FAIL.set(count);
        Self {
            failures_before: FAILURES.get(),
        }
    }

    /// Whether the plan has made an allocation fail by now.
    pub fn has_failed(&self) -> bool {
        FAILURES.get() != self.failures_before
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        UNTIL_FAILURE.set(None);
    }
}

/// Makes the `n`-th allocation from now on fail, and only that one; the next one is 1.
pub fn fail_nth(n: u64) -> Plan {
    Plan::start(n, 1)
}

/// Makes the `n`-th allocation from now on and those after it fail, `count` of them.
pub fn fail_some(n: u64, count: u64) -> Plan {
    Plan::start(n, count)
}

/// Makes the `n`-th allocation from now on and all after it fail.
pub fn fail_from(n: u64) -> Plan {
    Plan::start(n, u64::MAX)
}

/// How often this thread has tried to allocate, or to grow an allocation.
pub fn attempts() -> u64 {
    ATTEMPTS.get()
}

/// How many allocations of this thread were made to fail.
pub fn failures() -> u64 {
    FAILURES.get()
}

/// Number of allocations that are alive.
pub fn live() -> i64 {
    LIVE.get()
}

/// Bytes of all allocations that are alive.
pub fn live_bytes() -> i64 {
    LIVE_BYTES.get()
}

/// Whether a request for `size` bytes is granted, under the plan in force.
pub(crate) fn grant(size: usize) -> bool {
    ATTEMPTS.set(ATTEMPTS.get().wrapping_add(1));
    let fails = match UNTIL_FAILURE.get() {
        None => false,
        Some(0) => {
            TO_FAIL.set(TO_FAIL.get().saturating_sub(1));
            if TO_FAIL.get() == 0 {
                UNTIL_FAILURE.set(None);
            }
            true
        }
        Some(n) => {
            UNTIL_FAILURE.set(Some(n - 1));
            false
        }
    };
    if fails {
        FAILURES.set(FAILURES.get().wrapping_add(1));
    }
    !fails && size <= MAX_SIZE
}

/// One allocation in the count of live ones; `bytes` is 0 as long as nothing is allocated.
#[derive(Debug)]
pub(crate) struct Live {
    bytes: usize,
}

impl Live {
    pub(crate) const fn nothing() -> Self {
        Self { bytes: 0 }
    }

    pub(crate) fn resize(&mut self, bytes: usize) {
        let was = i64::from(self.bytes != 0);
        let is = i64::from(bytes != 0);
        LIVE.set(LIVE.get() + is - was);
        LIVE_BYTES.set(LIVE_BYTES.get() + bytes as i64 - self.bytes as i64);
        self.bytes = bytes;
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.resize(0);
    }
}
