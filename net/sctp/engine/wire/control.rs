// SPDX-License-Identifier: GPL-2.0

//! The small control chunks: HEARTBEAT and its ACK, SHUTDOWN, ABORT and ERROR
//! (RFC 9260, 3.3.5 to 3.3.10).
//!
//! ```text
//! HEARTBEAT (4), HEARTBEAT ACK (5): one parameter, Heartbeat Info (1): opaque to the peer
//! ABORT (6), ERROR (9):             causes
//! SHUTDOWN (7):                     cumulative TSN ack, 4 bytes
//! SHUTDOWN ACK (8), COOKIE ACK (11), SHUTDOWN COMPLETE (14): nothing
//! COOKIE ECHO (10):                 the cookie is the value
//! PAD (132):                        anything (RFC 4820, 3)
//! ```

use super::{
    cause::{Cause, Causes},
    chunk::Chunk,
    param::{ParamType, Params},
    read::Reader,
    Malformed,
};
use crate::engine::serial::Tsn;

/// The value of the Heartbeat Info parameter of a HEARTBEAT or HEARTBEAT ACK. In an ACK these are
/// the bytes this side once sent, or so the peer says.
pub(crate) fn heartbeat_info<'a>(chunk: &Chunk<'a>) -> Result<&'a [u8], Malformed> {
    let param = Params::new(chunk.value).next().ok_or(Malformed)??;
    match param.kind {
        ParamType::HeartbeatInfo => Ok(param.value),
        ParamType::Ipv4Address
        | ParamType::Ipv6Address
        | ParamType::StateCookie
        | ParamType::UnrecognizedParameter
        | ParamType::CookiePreservative
        | ParamType::HostNameAddress
        | ParamType::SupportedAddressTypes
        | ParamType::EcnCapable
        | ParamType::Padding
        | ParamType::SupportedExtensions
        | ParamType::ForwardTsnSupported
        | ParamType::AdaptationLayerIndication
        | ParamType::Unrecognized(_) => Err(Malformed),
    }
}

/// The cumulative TSN ack of a SHUTDOWN.
pub(crate) fn shutdown_tsn(chunk: &Chunk<'_>) -> Result<Tsn, Malformed> {
    Reader::new(chunk.value).u32().map(Tsn).ok_or(Malformed)
}

/// The causes of an ABORT or ERROR.
pub(crate) fn causes<'a>(chunk: &Chunk<'a>) -> Causes<'a> {
    Causes::new(chunk.value)
}

/// The first cause of an ABORT, for telling the user; `None` if there is none that is well formed.
pub(crate) fn first_cause<'a>(chunk: &Chunk<'a>) -> Option<Cause<'a>> {
    causes(chunk).next()?.ok()
}
