// SPDX-License-Identifier: GPL-2.0

//! Something about each stream.
//!
//! There may be 65536 streams and hardly any of them in use, so the table comes in pages that are
//! made when a stream of theirs is first used, and are no longer than it takes.

use crate::engine::env::{AllocError, Flags, KVec};

/// Streams per page at most, and at least.
const PAGE: usize = 128;
const LEAST: usize = 8;

#[derive(Debug)]
pub(crate) struct StreamTable<T> {
    pages: KVec<KVec<T>>,
}

impl<T: Copy> StreamTable<T> {
    pub(crate) const fn new() -> Self {
        Self { pages: KVec::new() }
    }

    /// What is known of `stream`, if its page is there and long enough.
    pub(crate) fn get(&self, stream: u16) -> Option<&T> {
        let stream = usize::from(stream);
        self.pages.get(stream / PAGE)?.get(stream % PAGE)
    }

    /// The same to be changed.
    pub(crate) fn get_mut(&mut self, stream: u16) -> Option<&mut T> {
        let stream = usize::from(stream);
        self.pages.get_mut(stream / PAGE)?.get_mut(stream % PAGE)
    }

    /// Makes sure that there is a place for `stream`; what that takes of places begins with `first`.
    pub(crate) fn reserve(&mut self, stream: u16, first: T, gfp: Flags) -> Result<(), AllocError> {
        let (number, place) = (usize::from(stream) / PAGE, usize::from(stream) % PAGE);
        while self.pages.len() <= number {
            self.pages.push(KVec::new(), gfp)?;
        }
        let page = self.pages.get_mut(number).ok_or(AllocError)?;
        if place < page.len() {
            return Ok(());
        }
        let len = place.saturating_add(1).next_power_of_two().max(LEAST);
        page.reserve(len.saturating_sub(page.len()), gfp)?;
        while page.len() < len {
            page.push_within_capacity(first).map_err(|_| AllocError)?;
        }
        Ok(())
    }

    /// All streams that have a place.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.pages.iter_mut().flat_map(|page| page.iter_mut())
    }

    /// The same with their numbers.
    #[cfg(not(MODULE))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u16, &T)> {
        let pages = self.pages.iter().enumerate();
        pages.flat_map(|(number, page)| {
            let stream = move |i| (number * PAGE + i) as u16;
            page.iter()
                .enumerate()
                .map(move |(i, item)| (stream(i), item))
        })
    }

    /// All streams begin anew.
    pub(crate) fn clear(&mut self) {
        self.pages.clear();
    }
}
