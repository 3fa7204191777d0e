// SPDX-License-Identifier: GPL-2.0

//! Time as the engine sees it: a number handed in with every call.
//!
//! The engine owns no clock. The shell passes a monotonic reading, tests pass a virtual one.

use core::num::NonZeroU64;

/// A point on the monotonic clock, in nanoseconds since some fixed start, and one more: so that
/// there is a number for none, and what may be one takes no more than what is one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Time(NonZeroU64);

/// A span of time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Duration(pub(crate) u64);

#[allow(dead_code)]
impl Time {
    pub(crate) const START: Self = Self::from_nanos(0);

    /// The end of time, which does not come, and what comes before it.
    pub(crate) const NEVER: Self = Self(NonZeroU64::MAX);
    pub(crate) const LAST: Self = Self::from_nanos(u64::MAX - 2);

    pub(crate) const fn from_nanos(nanos: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(nanos))
    }

    pub(crate) const fn nanos(self) -> u64 {
        self.0.get().wrapping_sub(1)
    }

    /// The point `span` later; the end of time if that does not fit.
    pub(crate) const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The span since `earlier`; nothing if `earlier` is later.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Default for Time {
    fn default() -> Self {
        Self::START
    }
}

#[allow(dead_code)]
impl Duration {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) const fn from_millis(ms: u32) -> Self {
        Self(ms as u64 * 1_000_000)
    }

    pub(crate) const fn from_secs(s: u32) -> Self {
        Self(s as u64 * 1_000_000_000)
    }

    /// Whole milliseconds, the unit of the socket API; saturates at `u32::MAX`.
    pub(crate) const fn as_millis(self) -> u32 {
        let ms = self.0 / 1_000_000;
        if ms > u32::MAX as u64 {
            u32::MAX
        } else {
            ms as u32
        }
    }

    /// Both spans, one after the other.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Twice the span, for back-off.
    pub(crate) const fn doubled(self) -> Self {
        Self(self.0.saturating_mul(2))
    }
}
