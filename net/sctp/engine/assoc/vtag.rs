// SPDX-License-Identifier: GPL-2.0

//! Which verification tags a packet may carry: RFC 9260, 8.5.1.
//!
//! The tag is all that keeps somebody who does not see the packets from ending an association or
//! putting data into it, so each chunk is checked by itself, before anything else is asked.

use super::state::State;
use crate::engine::wire::chunk::{Chunk, ChunkType};

/// Whether a chunk may be processed, by its packet's tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TagCheck {
    Accept,
    /// Silently discard the packet.
    Discard,
    /// The tag decides nothing: an INIT must have tag 0, the cookie of a COOKIE ECHO holds the tag,
    /// and a SHUTDOWN ACK before the association is up is about another one (rules A, D and E).
    AskChunk,
}

/// Checks a chunk that came under `tag` against the association's tags. `peer` is 0 as long as it
/// is not known.
pub(crate) fn check(chunk: &Chunk<'_>, tag: u32, state: State, local: u32, peer: u32) -> TagCheck {
    let accept = match chunk.kind {
        ChunkType::Init | ChunkType::CookieEcho => return TagCheck::AskChunk,
        ChunkType::ShutdownAck if state.is_setup() => return TagCheck::AskChunk,
        // Rules B and C: the T bit says that the sender has no association and returns the tag
        // that it was sent, which is the peer's. A tag that nobody knows yet was not sent.
        ChunkType::Abort | ChunkType::ShutdownComplete => {
            if chunk.is_reflected() {
                peer != 0 && tag == peer
            } else {
                tag == local
            }
        }
        ChunkType::Data
        | ChunkType::InitAck
        | ChunkType::Sack
        | ChunkType::Heartbeat
        | ChunkType::HeartbeatAck
        | ChunkType::Shutdown
        | ChunkType::ShutdownAck
        | ChunkType::Error
        | ChunkType::CookieAck
        | ChunkType::Ecne
        | ChunkType::Cwr
        | ChunkType::Pad
        | ChunkType::ForwardTsn
        | ChunkType::Unrecognized(_) => tag == local,
    };
    if accept {
        TagCheck::Accept
    } else {
        TagCheck::Discard
    }
}
