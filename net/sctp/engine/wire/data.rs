// SPDX-License-Identifier: GPL-2.0

//! DATA: RFC 9260, 3.3.1.
//!
//! ```text
//! +---------------+-------+-+-+-+-+-------------------------------+
//! |   type = 0    |  res  |I|U|B|E|            length             |
//! +---------------+-------+-+-+-+-+-------------------------------+
//! |                              TSN                              |
//! +-------------------------------+-------------------------------+
//! |       stream identifier       |    stream sequence number     |
//! +-------------------------------+-------------------------------+
//! |                  payload protocol identifier                  |
//! +---------------------------------------------------------------+
//! |  user data …                                                  |
//! ```

use core::ops::Range;

use super::{chunk::Chunk, read::Reader, tlv, Malformed};
use crate::engine::serial::{Ssn, Tsn};

const FLAG_END: u8 = 0x01;
const FLAG_BEGIN: u8 = 0x02;
const FLAG_UNORDERED: u8 = 0x04;
const FLAG_IMMEDIATE: u8 = 0x08;

/// All of a DATA chunk but the user data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct DataHeader {
    pub(crate) tsn: Tsn,
    pub(crate) stream: u16,
    /// Not used by the receiver if `unordered`.
    pub(crate) ssn: Ssn,
    /// Passed through, in whatever byte order the user has it.
    pub(crate) ppid: [u8; 4],
    /// U: deliver without regard to `ssn`.
    pub(crate) unordered: bool,
    /// B: the first fragment of a message.
    pub(crate) begin: bool,
    /// E: the last fragment of a message.
    pub(crate) end: bool,
    /// I: the sender asks for a SACK at once.
    pub(crate) immediate: bool,
}

impl DataHeader {
    /// Size in bytes, chunk header included.
    pub(crate) const LEN: usize = 16;

    /// The chunk up to the user data, of which there are `payload` bytes; `None` if that is more
    /// than a chunk can hold.
    pub(super) fn emit(&self, payload: usize) -> Option<[u8; Self::LEN]> {
        let length = u16::try_from(payload.checked_add(Self::LEN)?).ok()?;
        let mut flags = 0;
        for (set, flag) in [
            (self.end, FLAG_END),
            (self.begin, FLAG_BEGIN),
            (self.unordered, FLAG_UNORDERED),
            (self.immediate, FLAG_IMMEDIATE),
        ] {
            if set {
                flags |= flag;
            }
        }
        let [l0, l1] = length.to_be_bytes();
        let [t0, t1, t2, t3] = self.tsn.0.to_be_bytes();
        let [s0, s1] = self.stream.to_be_bytes();
        let [n0, n1] = self.ssn.0.to_be_bytes();
        let [p0, p1, p2, p3] = self.ppid;
        Some([
            0, flags, l0, l1, t0, t1, t2, t3, s0, s1, n0, n1, p0, p1, p2, p3,
        ])
    }
}

/// A received DATA chunk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Data {
    pub(crate) header: DataHeader,
    /// Where in the packet the user data is, for [`Packet::payload`](super::packet::Packet).
    /// May be empty, which a receiver has to answer with an ABORT (RFC 9260, 6.2).
    pub(crate) payload: Range<usize>,
}

impl Data {
    pub(crate) fn parse(chunk: &Chunk<'_>) -> Result<Self, Malformed> {
        let fixed = DataHeader::LEN - tlv::HEADER_LEN;
        let header = Self::parse_header(chunk).ok_or(Malformed)?;
        let start = chunk.offset.checked_add(fixed).ok_or(Malformed)?;
        let value = chunk.len().checked_sub(tlv::HEADER_LEN).ok_or(Malformed)?;
        let end = chunk.offset.checked_add(value).ok_or(Malformed)?;
        Ok(Self {
            header,
            payload: start..end,
        })
    }

    fn parse_header(chunk: &Chunk<'_>) -> Option<DataHeader> {
        let mut r = Reader::new(chunk.value);
        Some(DataHeader {
            tsn: Tsn(r.u32()?),
            stream: r.u16()?,
            ssn: Ssn(r.u16()?),
            ppid: r.array()?,
            unordered: chunk.flags & FLAG_UNORDERED != 0,
            begin: chunk.flags & FLAG_BEGIN != 0,
            end: chunk.flags & FLAG_END != 0,
            immediate: chunk.flags & FLAG_IMMEDIATE != 0,
        })
    }
}
