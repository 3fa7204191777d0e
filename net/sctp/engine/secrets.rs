// SPDX-License-Identifier: GPL-2.0

//! The secrets under which cookies are authenticated (RFC 9260, 5.1.3): each is in use for a while,
//! known for as long again, and then forgotten, so that whoever finds one out later has no use for
//! it.
//!
//! Invariant: `current` was drawn in `epoch`, and `previous` in the one before or never used.

use super::time::{Duration, Time};

/// How long a secret is in use. A cookie that is older than that may not be recognized any more,
/// however long it was to live.
pub(crate) const IN_USE: Duration = Duration::from_secs(600);

/// Which secret is to be used. Wraps after 81,000 years.
pub(crate) fn epoch_at(now: Time) -> u32 {
    (now.nanos() / IN_USE.0) as u32
}

/// The secret in use and the one before, in the form in which they are used.
#[derive(Debug)]
pub(crate) struct Secrets<S> {
    epoch: u32,
    current: S,
    previous: S,
}

impl<S: Copy> Secrets<S> {
    /// `draw` makes a secret of random bytes, here and below.
    pub(crate) fn new(now: Time, draw: impl Fn() -> S) -> Self {
        Self {
            epoch: epoch_at(now),
            current: draw(),
            previous: draw(),
        }
    }

    /// The secret of an epoch, if it is still known, or already: processors may disagree a little
    /// about the time.
    pub(crate) fn get(&mut self, now: Time, epoch: u32, draw: impl Fn() -> S) -> Option<S> {
        let passed = epoch_at(now).wrapping_sub(self.epoch);
        if passed > 0 && passed <= u32::MAX / 2 {
            self.previous = self.current;
            self.current = draw();
            if passed > 1 {
                self.previous = draw();
            }
            self.epoch = self.epoch.wrapping_add(passed);
        }
        match self.epoch.wrapping_sub(epoch) {
            0 => Some(self.current),
            1 => Some(self.previous),
            _ => None,
        }
    }
}
