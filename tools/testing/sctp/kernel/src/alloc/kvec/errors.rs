// SPDX-License-Identifier: GPL-2.0

//! Errors of [`KVec`](super::KVec).

use std::fmt;

/// There is no room; the element is handed back.
pub struct PushError<T>(pub T);

impl<T> fmt::Debug for PushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Not enough capacity")
    }
}

/// There is no such element.
pub struct RemoveError;

impl fmt::Debug for RemoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Index out of bounds")
    }
}

/// The element could not be inserted and is handed back.
pub enum InsertError<T> {
    IndexOutOfBounds(T),
    OutOfCapacity(T),
}

impl<T> fmt::Debug for InsertError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexOutOfBounds(_) => f.write_str("Index out of bounds"),
            Self::OutOfCapacity(_) => f.write_str("Not enough capacity"),
        }
    }
}
