// SPDX-License-Identifier: GPL-2.0

//! Stand-in for `kernel::alloc::kbox`.

use std::{
    borrow::{Borrow, BorrowMut},
    fmt,
    ops::{Deref, DerefMut},
};

use super::{AllocError, Flags};
use crate::fault::{self, Live};

/// A value in memory of its own, as `kernel::alloc::KBox`.
pub struct KBox<T> {
    value: Box<T>,
    live: Live,
}

impl<T> KBox<T> {
    /// Moves `x` into newly allocated memory; `x` is dropped if there is none.
    pub fn new(x: T, _flags: Flags) -> Result<Self, AllocError> {
        let size = size_of::<T>();
        if size != 0 && !fault::grant(size) {
            return Err(AllocError);
        }
        let mut live = Live::nothing();
        live.resize(size);
        Ok(Self {
            value: Box::new(x),
            live,
        })
    }

    /// Moves the value out and frees the memory.
    pub fn into_inner(b: Self) -> T {
        drop(b.live);
        *b.value
    }
}

impl<T> Deref for KBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for KBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> Borrow<T> for KBox<T> {
    fn borrow(&self) -> &T {
        &self.value
    }
}

impl<T> BorrowMut<T> for KBox<T> {
    fn borrow_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Display> fmt::Display for KBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: fmt::Debug> fmt::Debug for KBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
