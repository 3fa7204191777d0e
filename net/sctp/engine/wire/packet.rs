// SPDX-License-Identifier: GPL-2.0

//! Packets as received: RFC 9260, 3 and 3.1.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------------------------------+-------------------------------+
//! |          source port          |       destination port        |
//! +-------------------------------+-------------------------------+
//! |                       verification tag                        |
//! +---------------------------------------------------------------+
//! |                           checksum                            |
//! +---------------------------------------------------------------+
//! |  chunks …                                                     |
//! ```

use core::ops::Range;

use super::{
    chunk::{ChunkType, Chunks},
    data::DataHeader,
    read::Reader,
    tlv,
};
use crate::engine::{addr::Address, cx::Payload, stats::Reason};

/// The common header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) verification_tag: u32,
    /// CRC32c, as it is in the packet. The engine never looks at it.
    pub(crate) checksum: [u8; 4],
}

impl Header {
    /// Size in bytes.
    pub(crate) const LEN: usize = 12;

    /// The header at the front of `bytes`; `None` if they are too few.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        Some(Self {
            source_port: r.u16()?,
            destination_port: r.u16()?,
            verification_tag: r.u32()?,
            checksum: r.array()?,
        })
    }
}

/// How much of a packet of `len` bytes has to be in contiguous memory to be understood: all but the
/// user data of a DATA chunk at its end, which is only passed on. `peek` reads four bytes anywhere.
pub(crate) fn visible_len(len: usize, mut peek: impl FnMut(usize) -> Option<[u8; 4]>) -> usize {
    let mut at = Header::LEN;
    // What is sent in pages is one large chunk, with little before it.
    for _ in 0..4 {
        let Some([kind, _, high, low]) = peek(at) else {
            break;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let end = at.saturating_add(tlv::padded(length));
        if end >= len {
            let is_data = ChunkType::from_u8(kind) == ChunkType::Data;
            if is_data && length >= DataHeader::LEN && at.saturating_add(length) <= len {
                return at.saturating_add(DataHeader::LEN);
            }
            break;
        }
        if length < tlv::HEADER_LEN {
            break;
        }
        at = end;
    }
    len
}

/// A received SCTP packet, its checksum already verified by the caller.
#[derive(Debug)]
pub(crate) struct Packet<'a, B> {
    /// Where it came from: the IP source address.
    pub(crate) src: Address,
    /// Where it was sent to: the IP destination address.
    pub(crate) dst: Address,
    header: Header,
    /// Common header and chunks, but perhaps not the end of the user data in the last one.
    bytes: &'a [u8],
    /// The whole packet, as something that can be kept.
    buf: &'a B,
    first: ChunkType,
}

impl<'a, B: Payload> Packet<'a, B> {
    /// A packet of `bytes`, common header first, and `buf`, a reference to the same bytes. They may
    /// be cut where [`visible_len()`] says.
    ///
    /// There has to be a chunk after the common header, and the ports must not be 0
    /// (RFC 9260, 3.1).
    pub(crate) fn new(
        bytes: &'a [u8],
        buf: &'a B,
        src: Address,
        dst: Address,
    ) -> Result<Self, Reason> {
        let header = Header::parse(bytes).ok_or(Reason::Malformed)?;
        if header.source_port == 0 || header.destination_port == 0 {
            return Err(Reason::Malformed);
        }
        let chunks = bytes.get(Header::LEN..).unwrap_or(&[]);
        let first = match chunks {
            [kind, ..] if chunks.len() >= tlv::HEADER_LEN => ChunkType::from_u8(*kind),
            [..] => return Err(Reason::Malformed),
        };
        Ok(Self {
            src,
            dst,
            header,
            bytes,
            buf,
            first,
        })
    }

    pub(crate) fn source_port(&self) -> u16 {
        self.header.source_port
    }

    pub(crate) fn destination_port(&self) -> u16 {
        self.header.destination_port
    }

    pub(crate) fn verification_tag(&self) -> u32 {
        self.header.verification_tag
    }

    /// Bytes of the packet, common header included.
    pub(crate) fn len(&self) -> usize {
        self.buf.len()
    }

    /// The type of the first chunk, which decides how a packet without an association is treated
    /// (RFC 9260, 8.4). The chunk itself may still be malformed.
    pub(crate) fn first_kind(&self) -> ChunkType {
        self.first
    }

    /// The chunks in order. If one is malformed, that is the last item: what came before it may
    /// have been handled already, nothing after it can be found.
    pub(crate) fn chunks(&self) -> Chunks<'a> {
        let chunks = self.bytes.get(Header::LEN..).unwrap_or(&[]);
        let beyond = self.buf.len().saturating_sub(self.bytes.len());
        Chunks::new(chunks, Header::LEN, beyond)
    }

    /// A reference to the bytes in `range`, counted from the common header, that outlives the
    /// packet: user data, as [`Data::payload`](super::data::Data::payload) gives it.
    pub(crate) fn payload(&self, range: Range<usize>) -> Option<B> {
        self.buf.slice(range)
    }
}
