// SPDX-License-Identifier: GPL-2.0

//! What the kernel's vectors do not have in the way that it is needed here.

use core::ops::Deref;

use super::env::{AllocError, Flags, KVec};

/// A vector that mostly has nothing in it. Then there is nothing to be freed: a `KVec` asks its
/// allocator to, whatever it has.
#[derive(Debug)]
pub(crate) struct Rare<T>(Option<KVec<T>>);

impl<T> Rare<T> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn reserve(&mut self, n: usize, gfp: Flags) -> Result<(), AllocError> {
        self.0.get_or_insert_with(KVec::new).reserve(n, gfp)
    }

    /// Puts something at the end or anywhere else, for which room was reserved.
    pub(crate) fn insert_reserved(&mut self, at: usize, value: T) -> Result<(), AllocError> {
        let vec = self.0.as_mut().ok_or(AllocError)?;
        vec.insert_within_capacity(at, value)
            .map_err(|_| AllocError)
    }

    /// What is in it.
    pub(crate) fn take(&mut self) -> KVec<T> {
        self.0.take().unwrap_or_default()
    }
}

impl<T> Deref for Rare<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Keeps what `keep` wants, in its order. As far as the compiler can tell, `KVec::retain()` may
/// panic. Each one that goes moves all behind it: for short vectors.
pub(crate) fn retain<T>(vec: &mut KVec<T>, mut keep: impl FnMut(&T) -> bool) {
    let mut kept = 0;
    while let Some(item) = vec.get(kept) {
        if keep(item) {
            kept = kept.saturating_add(1);
        } else {
            let _ = vec.remove(kept);
        }
    }
}
