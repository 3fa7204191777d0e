// SPDX-License-Identifier: GPL-2.0

//! Chunks: RFC 9260, 3.2.
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |     type      |     flags     |            length             |
//! +---------------+---------------+-------------------------------+
//! |  value …                                                      |
//! ```

use super::{
    tlv::{Element, Elements, HEADER_LEN},
    Malformed, OnUnrecognized,
};

/// The T bit of ABORT and SHUTDOWN COMPLETE: the verification tag is the receiver's own, sent back
/// by someone who has no association (RFC 9260, 8.5.1).
pub(crate) const FLAG_T: u8 = 0x01;

/// The type of a chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ChunkType {
    Data,
    Init,
    InitAck,
    Sack,
    Heartbeat,
    HeartbeatAck,
    Abort,
    Shutdown,
    ShutdownAck,
    Error,
    CookieEcho,
    CookieAck,
    /// Reserved for congestion notification (RFC 4960, appendix A). Never negotiated so far.
    Ecne,
    /// As above: the answer to it.
    Cwr,
    ShutdownComplete,
    /// RFC 4820, 3: makes a packet larger, and is otherwise nothing.
    Pad,
    /// RFC 3758, 3.2.
    ForwardTsn,
    /// None of the above. Never holds a number that has a name.
    Unrecognized(u8),
}

impl ChunkType {
    pub(crate) const fn from_u8(kind: u8) -> Self {
        match kind {
            0 => Self::Data,
            1 => Self::Init,
            2 => Self::InitAck,
            3 => Self::Sack,
            4 => Self::Heartbeat,
            5 => Self::HeartbeatAck,
            6 => Self::Abort,
            7 => Self::Shutdown,
            8 => Self::ShutdownAck,
            9 => Self::Error,
            10 => Self::CookieEcho,
            11 => Self::CookieAck,
            12 => Self::Ecne,
            13 => Self::Cwr,
            14 => Self::ShutdownComplete,
            0x84 => Self::Pad,
            192 => Self::ForwardTsn,
            other => Self::Unrecognized(other),
        }
    }

    pub(crate) const fn to_u8(self) -> u8 {
        match self {
            Self::Data => 0,
            Self::Init => 1,
            Self::InitAck => 2,
            Self::Sack => 3,
            Self::Heartbeat => 4,
            Self::HeartbeatAck => 5,
            Self::Abort => 6,
            Self::Shutdown => 7,
            Self::ShutdownAck => 8,
            Self::Error => 9,
            Self::CookieEcho => 10,
            Self::CookieAck => 11,
            Self::Ecne => 12,
            Self::Cwr => 13,
            Self::ShutdownComplete => 14,
            Self::Pad => 0x84,
            Self::ForwardTsn => 192,
            Self::Unrecognized(other) => other,
        }
    }

    /// What its number asks of those who do not know it.
    pub(crate) const fn on_unrecognized(self) -> OnUnrecognized {
        OnUnrecognized::from_octet(self.to_u8())
    }
}

/// A chunk of a received packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Chunk<'a> {
    pub(crate) kind: ChunkType,
    pub(crate) flags: u8,
    /// Without header and padding.
    pub(crate) value: &'a [u8],
    /// With the header, without padding: what an error report quotes.
    pub(crate) raw: &'a [u8],
    /// Where `value` begins in the packet, counted from the common header.
    pub(crate) offset: usize,
    /// How many bytes of user data come after those of `value`, in a DATA chunk that is the last
    /// one of a packet that is not all at hand.
    pub(super) beyond: usize,
}

impl<'a> Chunk<'a> {
    fn from_element(element: Element<'a>) -> Self {
        let [kind, flags] = element.head;
        Self {
            kind: ChunkType::from_u8(kind),
            flags,
            value: element.value,
            raw: element.raw,
            offset: element.offset.saturating_add(HEADER_LEN),
            beyond: element.beyond,
        }
    }

    /// What its length field says: header and value.
    pub(crate) const fn len(&self) -> usize {
        self.raw.len().saturating_add(self.beyond)
    }

    /// Whether the T bit is set (only ABORT and SHUTDOWN COMPLETE have one).
    pub(crate) const fn is_reflected(&self) -> bool {
        self.flags & FLAG_T != 0
    }
}

/// The chunks of a packet, in order. An error is the last item.
#[derive(Clone, Debug)]
pub(crate) struct Chunks<'a> {
    elements: Elements<'a>,
}

impl<'a> Chunks<'a> {
    /// The chunks in `bytes`, which begin at `offset` of a packet that has `beyond` more bytes.
    pub(super) const fn new(bytes: &'a [u8], offset: usize, beyond: usize) -> Self {
        Self {
            elements: Elements::cut(bytes, offset, beyond),
        }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk = self.elements.next()?.map(Chunk::from_element);
        // Of all others everything is looked at.
        Some(chunk.and_then(|chunk| {
            let is_fit = chunk.beyond == 0 || chunk.kind == ChunkType::Data;
            is_fit.then_some(chunk).ok_or(Malformed)
        }))
    }
}
