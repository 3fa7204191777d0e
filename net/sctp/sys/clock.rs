// SPDX-License-Identifier: GPL-2.0

//! The monotonic clock, as the engine's time.
//!
//! C header: [`include/linux/timekeeping.h`](srctree/include/linux/timekeeping.h)

use super::bindings;
use crate::engine::time::Time;

/// The time now. Does not go backwards, does not jump when the wall clock is set.
pub(crate) fn now() -> Time {
    // SAFETY: Reading the clock has no requirements.
    Time::from_nanos(unsafe { bindings::sctp_helper_ktime_ns() })
}
