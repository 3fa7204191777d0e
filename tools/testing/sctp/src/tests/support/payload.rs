// SPDX-License-Identifier: GPL-2.0

//! User data in user space.

use std::{fmt, ops::Range, sync::Arc};

use crate::engine::cx::Payload;

/// A range of shared bytes.
#[derive(Clone, Eq, PartialEq)]
pub(crate) struct Bytes {
    data: Arc<[u8]>,
    range: Range<usize>,
}

impl Bytes {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self {
            data: bytes.into(),
            range: 0..bytes.len(),
        }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.data[self.range.clone()]
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_slice();
        write!(f, "{:02x?}", &bytes[..bytes.len().min(8)])?;
        write!(f, ".. ({} B)", bytes.len())
    }
}

impl Payload for Bytes {
    fn len(&self) -> usize {
        self.range.len()
    }

    fn truesize(&self) -> usize {
        self.range.len()
    }

    fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.range.len() {
            return None;
        }
        let start = self.range.start;
        Some(Self {
            data: Arc::clone(&self.data),
            range: start + range.start..start + range.end,
        })
    }
}
