// SPDX-License-Identifier: GPL-2.0

//! Error causes in ABORT and ERROR: RFC 9260, 3.3.10.
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |          cause code           |            length             |
//! +-------------------------------+-------------------------------+
//! |  cause-specific information …                                 |
//! ```

use super::{
    read::Reader,
    tlv::{Element, Elements},
    Malformed,
};
use crate::engine::serial::Tsn;

pub(crate) const INVALID_STREAM_IDENTIFIER: u16 = 1;
pub(crate) const MISSING_MANDATORY_PARAMETER: u16 = 2;
pub(crate) const STALE_COOKIE: u16 = 3;
pub(crate) const OUT_OF_RESOURCE: u16 = 4;
pub(crate) const UNRESOLVABLE_ADDRESS: u16 = 5;
pub(crate) const UNRECOGNIZED_CHUNK_TYPE: u16 = 6;
pub(crate) const INVALID_MANDATORY_PARAMETER: u16 = 7;
pub(crate) const UNRECOGNIZED_PARAMETERS: u16 = 8;
pub(crate) const NO_USER_DATA: u16 = 9;
pub(crate) const COOKIE_WHILE_SHUTTING_DOWN: u16 = 10;
pub(crate) const RESTART_WITH_NEW_ADDRESSES: u16 = 11;
pub(crate) const USER_INITIATED_ABORT: u16 = 12;
pub(crate) const PROTOCOL_VIOLATION: u16 = 13;

/// A cause in a received chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Cause<'a> {
    /// One of the constants of this module, or anything else.
    pub(crate) code: u16,
    /// Without header and padding.
    pub(crate) value: &'a [u8],
}

impl<'a> Cause<'a> {
    fn from_element(element: Element<'a>) -> Self {
        Self {
            code: u16::from_be_bytes(element.head),
            value: element.value,
        }
    }

    /// How stale the cookie was, in microseconds, if this is that cause and it says so
    /// (CVE-2026-64551: the cause may be shorter than that).
    pub(crate) fn staleness(&self) -> Option<u32> {
        if self.code == STALE_COOKIE {
            Reader::new(self.value).u32()
        } else {
            None
        }
    }
}

/// The causes of an ABORT or ERROR, in order. An error is the last item.
#[derive(Clone, Debug)]
pub(crate) struct Causes<'a> {
    elements: Elements<'a>,
}

impl<'a> Causes<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            elements: Elements::new(bytes, 0),
        }
    }
}

impl<'a> Iterator for Causes<'a> {
    type Item = Result<Cause<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.elements.next()?.map(Cause::from_element))
    }
}

/// A cause to send.
///
/// What is quoted from a packet (`&[u8]`) is cut where the packet that carries it is full.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NewCause<'a> {
    InvalidStreamIdentifier(u16),
    /// The types of the parameters that are missing.
    MissingMandatoryParameter(&'a [u16]),
    /// By how many microseconds it was too old.
    StaleCookie(u32),
    OutOfResource,
    /// The parameter with the address.
    UnresolvableAddress(&'a [u8]),
    /// The chunk.
    UnrecognizedChunkType(&'a [u8]),
    InvalidMandatoryParameter,
    /// The parameters.
    UnrecognizedParameters(&'a [u8]),
    /// TSN of the chunk without data.
    NoUserData(Tsn),
    CookieWhileShuttingDown,
    /// The parameters with the addresses.
    RestartWithNewAddresses(&'a [u8]),
    /// What the user gives as a reason.
    UserInitiatedAbort(&'a [u8]),
    /// What was wrong, for a reader of packet dumps.
    ProtocolViolation(&'a [u8]),
    /// Any cause, by its code.
    Other(u16, &'a [u8]),
}

impl<'a> NewCause<'a> {
    pub(crate) const fn code(&self) -> u16 {
        match self {
            Self::InvalidStreamIdentifier(_) => INVALID_STREAM_IDENTIFIER,
            Self::MissingMandatoryParameter(_) => MISSING_MANDATORY_PARAMETER,
            Self::StaleCookie(_) => STALE_COOKIE,
            Self::OutOfResource => OUT_OF_RESOURCE,
            Self::UnresolvableAddress(_) => UNRESOLVABLE_ADDRESS,
            Self::UnrecognizedChunkType(_) => UNRECOGNIZED_CHUNK_TYPE,
            Self::InvalidMandatoryParameter => INVALID_MANDATORY_PARAMETER,
            Self::UnrecognizedParameters(_) => UNRECOGNIZED_PARAMETERS,
            Self::NoUserData(_) => NO_USER_DATA,
            Self::CookieWhileShuttingDown => COOKIE_WHILE_SHUTTING_DOWN,
            Self::RestartWithNewAddresses(_) => RESTART_WITH_NEW_ADDRESSES,
            Self::UserInitiatedAbort(_) => USER_INITIATED_ABORT,
            Self::ProtocolViolation(_) => PROTOCOL_VIOLATION,
            Self::Other(code, _) => *code,
        }
    }

    /// What is quoted, and may be cut.
    pub(super) const fn quote(&self) -> &'a [u8] {
        match self {
            Self::UnresolvableAddress(quote)
            | Self::UnrecognizedChunkType(quote)
            | Self::UnrecognizedParameters(quote)
            | Self::RestartWithNewAddresses(quote)
            | Self::UserInitiatedAbort(quote)
            | Self::ProtocolViolation(quote)
            | Self::Other(_, quote) => quote,
            Self::InvalidStreamIdentifier(_)
            | Self::MissingMandatoryParameter(_)
            | Self::StaleCookie(_)
            | Self::OutOfResource
            | Self::InvalidMandatoryParameter
            | Self::NoUserData(_)
            | Self::CookieWhileShuttingDown => &[],
        }
    }
}
