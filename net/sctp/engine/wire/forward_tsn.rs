// SPDX-License-Identifier: GPL-2.0

//! FORWARD TSN: RFC 3758, 3.2.
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |  type = 192   |     flags     |            length             |
//! +---------------+---------------+-------------------------------+
//! |                      new cumulative TSN                       |
//! +-------------------------------+-------------------------------+
//! |           stream 1            |  stream sequence number 1     |
//! +-------------------------------+-------------------------------+
//! |  … one pair for each stream in which ordered messages are skipped
//! ```

use super::{chunk::Chunk, read::Reader, Malformed};
use crate::engine::serial::{Ssn, Tsn};

/// A stream in which ordered messages are skipped, and the last of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Skipped {
    pub(crate) stream: u16,
    pub(crate) ssn: Ssn,
}

/// A received FORWARD TSN. Its length is checked, its contents are not: streams may not exist, or
/// come twice.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ForwardTsn<'a> {
    /// The sender will not send again what was not received up to here.
    pub(crate) new_cumulative_tsn: Tsn,
    skipped: &'a [u8],
}

impl<'a> ForwardTsn<'a> {
    pub(crate) fn parse(chunk: &Chunk<'a>) -> Result<Self, Malformed> {
        let mut r = Reader::new(chunk.value);
        let new_cumulative_tsn = Tsn(r.u32().ok_or(Malformed)?);
        let skipped = r.rest();
        if skipped.len() % 4 != 0 {
            return Err(Malformed);
        }
        Ok(Self {
            new_cumulative_tsn,
            skipped,
        })
    }

    /// The streams in which messages are skipped.
    pub(crate) fn skipped(&self) -> impl Iterator<Item = Skipped> + Clone + 'a {
        let mut r = Reader::new(self.skipped);
        core::iter::from_fn(move || {
            Some(Skipped {
                stream: r.u16()?,
                ssn: Ssn(r.u16()?),
            })
        })
    }
}
