// SPDX-License-Identifier: GPL-2.0

//! The next stream sequence number of each stream, for either direction.
//!
//! There may be 65536 streams and hardly any of them in use, so the table comes in pages that are
//! made when a stream of theirs is first used. A stream without a page is at its first SSN.

use crate::engine::{
    env::{AllocError, Flags, KVec},
    serial::Ssn,
};

/// Streams per page.
const PAGE: usize = 128;

/// What each stream begins with (RFC 9260, 6.5).
#[cfg(MODULE)]
const fn first() -> Ssn {
    Ssn(0)
}

#[cfg(not(MODULE))]
fn first() -> Ssn {
    Ssn(crate::engine::env::FIRST_SSN.get())
}

#[derive(Debug)]
pub(crate) struct SsnTable {
    pages: KVec<KVec<Ssn>>,
}

#[allow(dead_code)]
impl SsnTable {
    pub(crate) const fn new() -> Self {
        Self { pages: KVec::new() }
    }

    /// The next SSN of `stream`.
    pub(crate) fn get(&self, stream: u16) -> Ssn {
        let stream = usize::from(stream);
        self.pages
            .get(stream / PAGE)
            .and_then(|page| page.get(stream % PAGE))
            .copied()
            .unwrap_or_else(first)
    }

    /// Makes sure that [`set`](Self::set) of `stream` succeeds.
    pub(crate) fn reserve(&mut self, stream: u16, gfp: Flags) -> Result<(), AllocError> {
        let number = usize::from(stream) / PAGE;
        while self.pages.len() <= number {
            self.pages.push(KVec::new(), gfp)?;
        }
        match self.pages.get_mut(number) {
            Some(page) if page.is_empty() => {
                let mut new = KVec::with_capacity(PAGE, gfp)?;
                for _ in 0..PAGE {
                    new.push_within_capacity(first()).map_err(|_| AllocError)?;
                }
                *page = new;
                Ok(())
            }
            Some(_) => Ok(()),
            None => Err(AllocError),
        }
    }

    /// Sets the next SSN of a stream for which [`reserve`](Self::reserve) succeeded.
    pub(crate) fn set(&mut self, stream: u16, ssn: Ssn) {
        let stream = usize::from(stream);
        let slot = self
            .pages
            .get_mut(stream / PAGE)
            .and_then(|page| page.get_mut(stream % PAGE));
        debug_assert!(slot.is_some(), "set without reserve");
        if let Some(slot) = slot {
            *slot = ssn;
        }
    }

    /// All streams begin anew.
    pub(crate) fn clear(&mut self) {
        self.pages.clear();
    }
}
