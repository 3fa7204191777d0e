// SPDX-License-Identifier: GPL-2.0

//! Stand-in for `kernel::alloc::kvec`.
//!
//! Growth is the kernel's (to twice the capacity, or to what is needed if that is more), so that
//! a plan of failures hits the same operations here as there.

use std::{
    borrow::{Borrow, BorrowMut},
    fmt,
    ops::{Deref, DerefMut, Index, IndexMut},
    slice::SliceIndex,
};

use super::{AllocError, Flags};
use crate::fault::{self, Live};

mod errors;

pub use self::errors::{InsertError, PushError, RemoveError};

/// A growing array, as `kernel::alloc::KVec`.
pub struct KVec<T> {
    items: Vec<T>,
    live: Live,
}

impl<T> KVec<T> {
    const IS_ZST: bool = size_of::<T>() == 0;

    /// An empty vector, nothing is allocated for it.
    pub const fn new() -> Self {
        Self {
            items: Vec::new(),
            live: Live::nothing(),
        }
    }

    pub fn with_capacity(capacity: usize, flags: Flags) -> Result<Self, AllocError> {
        let mut v = Self::new();
        v.reserve(capacity, flags)?;
        Ok(v)
    }

    pub fn capacity(&self) -> usize {
        self.items.capacity()
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn as_slice(&self) -> &[T] {
        &self.items
    }

    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.items
    }

    /// Makes sure that `additional` elements can be added without allocating.
    pub fn reserve(&mut self, additional: usize, _flags: Flags) -> Result<(), AllocError> {
        let len = self.len();
        let capacity = self.capacity();
        if capacity - len >= additional {
            return Ok(());
        }
        if Self::IS_ZST {
            return Err(AllocError);
        }
        let needed = len.checked_add(additional).ok_or(AllocError)?;
        let wanted = needed.max(capacity * 2);
        let bytes = wanted.checked_mul(size_of::<T>()).ok_or(AllocError)?;
        if !fault::grant(bytes) {
            return Err(AllocError);
        }
        self.items.reserve_exact(wanted - len);
        self.live.resize(bytes);
        Ok(())
    }

    pub fn push(&mut self, v: T, flags: Flags) -> Result<(), AllocError> {
        self.reserve(1, flags)?;
        self.items.push(v);
        Ok(())
    }

    pub fn push_within_capacity(&mut self, v: T) -> Result<(), PushError<T>> {
        if self.len() < self.capacity() {
            self.items.push(v);
            Ok(())
        } else {
            Err(PushError(v))
        }
    }

    pub fn insert_within_capacity(
        &mut self,
        index: usize,
        element: T,
    ) -> Result<(), InsertError<T>> {
        if index > self.len() {
            return Err(InsertError::IndexOutOfBounds(element));
        }
        if self.len() >= self.capacity() {
            return Err(InsertError::OutOfCapacity(element));
        }
        self.items.insert(index, element);
        Ok(())
    }

    pub fn pop(&mut self) -> Option<T> {
        self.items.pop()
    }

    pub fn remove(&mut self, i: usize) -> Result<T, RemoveError> {
        if i < self.len() {
            Ok(self.items.remove(i))
        } else {
            Err(RemoveError)
        }
    }

    pub fn truncate(&mut self, len: usize) {
        self.items.truncate(len);
    }

    pub fn clear(&mut self) {
        self.items.clear();
    }

    /// Takes all elements out and keeps the memory.
    pub fn drain_all(&mut self) -> DrainAll<'_, T> {
        DrainAll(self.items.drain(..))
    }

    pub fn retain(&mut self, f: impl FnMut(&mut T) -> bool) {
        self.items.retain_mut(f);
    }
}

impl<T: Clone> KVec<T> {
    pub fn extend_with(&mut self, n: usize, value: T, flags: Flags) -> Result<(), AllocError> {
        self.reserve(n, flags)?;
        self.items.resize(self.items.len() + n, value);
        Ok(())
    }

    pub fn extend_from_slice(&mut self, other: &[T], flags: Flags) -> Result<(), AllocError> {
        self.reserve(other.len(), flags)?;
        self.items.extend_from_slice(other);
        Ok(())
    }

    pub fn from_elem(value: T, n: usize, flags: Flags) -> Result<Self, AllocError> {
        let mut v = Self::with_capacity(n, flags)?;
        v.extend_with(n, value, flags)?;
        Ok(v)
    }

    pub fn resize(&mut self, new_len: usize, value: T, flags: Flags) -> Result<(), AllocError> {
        match new_len.checked_sub(self.len()) {
            Some(n) => self.extend_with(n, value, flags),
            None => {
                self.truncate(new_len);
                Ok(())
            }
        }
    }
}

impl<T> Default for KVec<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for KVec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T> Deref for KVec<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> DerefMut for KVec<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

impl<T> Borrow<[T]> for KVec<T> {
    fn borrow(&self) -> &[T] {
        self
    }
}

impl<T> BorrowMut<[T]> for KVec<T> {
    fn borrow_mut(&mut self) -> &mut [T] {
        self
    }
}

impl<T: Eq> Eq for KVec<T> {}

macro_rules! impl_slice_eq {
    ($([$($vars:tt)*] $lhs:ty, $rhs:ty,)*) => {
        $(
            impl<T, U, $($vars)*> PartialEq<$rhs> for $lhs
            where
                T: PartialEq<U>,
            {
                fn eq(&self, other: &$rhs) -> bool {
                    self[..] == other[..]
                }
            }
        )*
    }
}

impl_slice_eq! {
    [] KVec<T>, KVec<U>,
    [] KVec<T>, &[U],
    [] KVec<T>, &mut [U],
    [] &[T], KVec<U>,
    [] &mut [T], KVec<U>,
    [] KVec<T>, [U],
    [] [T], KVec<U>,
    [const N: usize] KVec<T>, [U; N],
    [const N: usize] KVec<T>, &[U; N],
}

impl<T, I: SliceIndex<[T]>> Index<I> for KVec<T> {
    type Output = I::Output;

    fn index(&self, index: I) -> &Self::Output {
        &self.items[index]
    }
}

impl<T, I: SliceIndex<[T]>> IndexMut<I> for KVec<T> {
    fn index_mut(&mut self, index: I) -> &mut Self::Output {
        &mut self.items[index]
    }
}

impl<'a, T> IntoIterator for &'a KVec<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut KVec<T> {
    type Item = &'a mut T;
    type IntoIter = std::slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<T> IntoIterator for KVec<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            items: self.items.into_iter(),
            live: self.live,
        }
    }
}

/// The elements of a vector, by value.
pub struct IntoIter<T> {
    items: std::vec::IntoIter<T>,
    live: Live,
}

impl<T> IntoIter<T> {
    /// What is left, in the memory it is in.
    pub fn collect(self, _flags: Flags) -> KVec<T> {
        KVec {
            items: self.items.collect(),
            live: self.live,
        }
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.items.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

/// All elements taken out of a vector; those not taken are dropped with this.
pub struct DrainAll<'vec, T>(std::vec::Drain<'vec, T>);

impl<T> Iterator for DrainAll<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.next()
    }
}
