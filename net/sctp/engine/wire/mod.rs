// SPDX-License-Identifier: GPL-2.0

//! The packet format: RFC 9260, section 3.
//!
//! ```text
//! packet  = common header, chunk, chunk, …          12 bytes, then to the end
//! chunk   = type (1), flags (1), length (2), value  padded to 4 bytes
//! param   = type (2), length (2), value             padded to 4 bytes, inside some chunks
//! cause   = code (2), length (2), value             padded to 4 bytes, inside ABORT and ERROR
//! ```
//!
//! Received bytes are never copied and never trusted: [`tlv`] is the only code that turns a length
//! found in a packet into a slice, and what it hands out is within both the element's own length
//! and the enclosing one. Chunks, parameters and causes are all walked by it, so that no two
//! readers of the same bytes can come to different conclusions. The views built on it
//! ([`data::Data`], [`sack::Sack`], [`init::Init`], …) check everything once, in `parse`, and have
//! accessors that cannot fail.
//!
//! Going out, [`builder::PacketBuilder`] is the only writer. It knows how large the packet may
//! become and says [`builder::BuildError::NoRoom`] rather than to exceed it.

pub(crate) mod builder;
pub(crate) mod cause;
pub(crate) mod chunk;
pub(crate) mod control;
pub(crate) mod data;
pub(crate) mod emit;
pub(crate) mod forward_tsn;
pub(crate) mod init;
pub(crate) mod packet;
pub(crate) mod param;
pub(crate) mod read;
pub(crate) mod sack;
pub(crate) mod tlv;

use super::stats::Reason;

/// A length that cannot be, or too few bytes for what they are said to hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Malformed;

impl From<Malformed> for Reason {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// What to do about a chunk or parameter of a type that is not known here: the two highest bits of
/// the type say so (RFC 9260, 3.2 and 3.2.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum OnUnrecognized {
    /// 00: go no further in this packet (chunk) or chunk (parameter).
    Stop,
    /// 01: the same, and report it to the sender.
    StopAndReport,
    /// 10: go on after it.
    Skip,
    /// 11: go on after it, and report it to the sender.
    SkipAndReport,
}

impl OnUnrecognized {
    /// From the highest octet of the type.
    const fn from_octet(octet: u8) -> Self {
        match (octet & 0x80 != 0, octet & 0x40 != 0) {
            (false, false) => Self::Stop,
            (false, true) => Self::StopAndReport,
            (true, false) => Self::Skip,
            (true, true) => Self::SkipAndReport,
        }
    }

    pub(crate) const fn is_stop(self) -> bool {
        matches!(self, Self::Stop | Self::StopAndReport)
    }

    pub(crate) const fn is_report(self) -> bool {
        matches!(self, Self::StopAndReport | Self::SkipAndReport)
    }
}
