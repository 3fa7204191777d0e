// SPDX-License-Identifier: GPL-2.0

//! The next stream sequence number of each stream, for either direction (RFC 9260, 6.5).

use super::stream_table::StreamTable;
use crate::engine::{
    env::{AllocError, Flags},
    serial::Ssn,
};

/// What each stream begins with.
#[cfg(MODULE)]
const fn first() -> Ssn {
    Ssn(0)
}

#[cfg(not(MODULE))]
fn first() -> Ssn {
    Ssn(crate::engine::env::FIRST_SSN.get())
}

#[derive(Debug)]
pub(crate) struct SsnTable(StreamTable<Ssn>);

#[allow(dead_code)]
impl SsnTable {
    pub(crate) const fn new() -> Self {
        Self(StreamTable::new())
    }

    /// The next SSN of `stream`.
    pub(crate) fn get(&self, stream: u16) -> Ssn {
        self.0.get(stream).copied().unwrap_or_else(first)
    }

    /// Makes sure that [`set`](Self::set) of `stream` succeeds.
    pub(crate) fn reserve(&mut self, stream: u16, gfp: Flags) -> Result<(), AllocError> {
        self.0.reserve(stream, first(), gfp)
    }

    /// Sets the next SSN of a stream for which [`reserve`](Self::reserve) succeeded.
    pub(crate) fn set(&mut self, stream: u16, ssn: Ssn) {
        let slot = self.0.get_mut(stream);
        debug_assert!(slot.is_some(), "set without reserve");
        if let Some(slot) = slot {
            *slot = ssn;
        }
    }

    /// All streams begin anew.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
