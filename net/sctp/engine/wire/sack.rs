// SPDX-License-Identifier: GPL-2.0

//! SACK: RFC 9260, 3.3.4.
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |   type = 3    |     flags     |            length             |
//! +---------------+---------------+-------------------------------+
//! |                      cumulative TSN ack                       |
//! +---------------------------------------------------------------+
//! |                            a_rwnd                             |
//! +-------------------------------+-------------------------------+
//! |  number of gap ack blocks N   |  number of duplicate TSNs M   |
//! +-------------------------------+-------------------------------+
//! |    gap ack block 1: start     |      gap ack block 1: end     |  N times
//! +-------------------------------+-------------------------------+
//! |                        duplicate TSN 1                        |  M times
//! +---------------------------------------------------------------+
//! ```

use super::{chunk::Chunk, read::Reader, Malformed};
use crate::engine::serial::Tsn;

/// A run of TSNs received beyond the cumulative one, as offsets from it, both inclusive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct GapBlock {
    pub(crate) start: u16,
    pub(crate) end: u16,
}

/// A received SACK. Its counts are checked, its contents are not: blocks may overlap, come in any
/// order or end before they start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Sack<'a> {
    pub(crate) cumulative_tsn_ack: Tsn,
    pub(crate) a_rwnd: u32,
    gaps: &'a [u8],
    duplicates: &'a [u8],
}

impl<'a> Sack<'a> {
    /// Size of a SACK without gaps and duplicates, chunk header included.
    pub(crate) const MIN_LEN: usize = 16;

    pub(crate) fn parse(chunk: &Chunk<'a>) -> Result<Self, Malformed> {
        Self::parse_value(chunk.value).ok_or(Malformed)
    }

    fn parse_value(value: &'a [u8]) -> Option<Self> {
        let mut r = Reader::new(value);
        let cumulative_tsn_ack = Tsn(r.u32()?);
        let a_rwnd = r.u32()?;
        let gaps = usize::from(r.u16()?).checked_mul(4)?;
        let duplicates = usize::from(r.u16()?).checked_mul(4)?;
        Some(Self {
            cumulative_tsn_ack,
            a_rwnd,
            gaps: r.bytes(gaps)?,
            duplicates: r.bytes(duplicates)?,
        })
    }

    /// Number of gap ack blocks.
    pub(crate) const fn gap_count(&self) -> usize {
        self.gaps.len() / 4
    }

    /// The gap ack blocks as the peer sent them.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = GapBlock> + 'a {
        let mut r = Reader::new(self.gaps);
        core::iter::from_fn(move || {
            Some(GapBlock {
                start: r.u16()?,
                end: r.u16()?,
            })
        })
    }

    /// TSNs that the peer received more than once.
    pub(crate) fn duplicates(&self) -> impl Iterator<Item = Tsn> + 'a {
        let mut r = Reader::new(self.duplicates);
        core::iter::from_fn(move || r.u32().map(Tsn))
    }
}
