// SPDX-License-Identifier: GPL-2.0

//! DATA that was sent and is given up: RFC 3758, 3.5.
//!
//! An abandoned chunk keeps its place in the ring, without its payload, until the peer has
//! acknowledged its TSN, be it because it arrived after all or because of a FORWARD TSN. The
//! Advanced.Peer.Ack.Point is the last of the abandoned chunks that the ring begins with; it is
//! found when a FORWARD TSN is made, at the cost of what that skips.

use super::{Chunk, ChunkState, Outstanding};
use crate::engine::{
    cx::Payload,
    env::{AllocError, Flags, KVec},
    event::{Failure, SendFailed},
    path::PathId,
    serial::Tsn,
    tx::Policy,
    wire::{data::DataHeader, forward_tsn::Skipped},
};

/// Bound of the streams that a FORWARD TSN lists: they fit into a packet of the least MTU. If
/// there are more, the point is where they are still complete, and the rest comes after the SACK.
const MAX_SKIPPED: usize = 64;

/// Bound of the TSNs that a FORWARD TSN skips. Peers do not take more than they have room for
/// marks; the C module has them for so many.
const MAX_FORWARD: usize = 4096;

/// What there is of a message among the chunks that are outstanding.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) first: Tsn,
    pub(crate) last: Tsn,
    pub(crate) stream: u16,
    /// Whether its last fragment was sent.
    pub(crate) is_whole: bool,
}

/// A chunk that was given up.
#[derive(Debug)]
pub(crate) struct Dropped<B> {
    pub(crate) path: PathId,
    /// Wire bytes that are not in flight any more.
    pub(crate) left_flight: usize,
    pub(crate) failed: SendFailed<B>,
}

impl<B: Payload> Chunk<B> {
    /// What the user is told if it is not sent again; `None` if it was told before.
    pub(crate) fn into_failed(self, why: Failure) -> Option<SendFailed<B>> {
        Some(failed(&self.header, self.context, self.payload?, why))
    }
}

fn failed<B>(header: &DataHeader, context: u32, payload: B, why: Failure) -> SendFailed<B> {
    SendFailed {
        stream: header.stream,
        ppid: header.ppid,
        unordered: header.unordered,
        context,
        begin: header.begin,
        end: header.end,
        was_sent: true,
        why,
        payload,
    }
}

impl<B: Payload> Outstanding<B> {
    /// The chunk that was just sent is of a message with that policy and context.
    pub(crate) fn mark(&mut self, tsn: Tsn, policy: Policy, context: u32) {
        let i = self.index(tsn);
        if let Some(chunk) = self.chunks.get_mut(i) {
            chunk.policy = policy;
            chunk.context = context;
        }
    }

    /// The chunks that are of one message with `tsn`.
    pub(crate) fn message(&self, tsn: Tsn) -> Option<Span> {
        let mut first = self.get(tsn)?.header;
        while let Some(chunk) = self.get(first.tsn.minus(1)).filter(|_| !first.begin) {
            first = chunk.header;
        }
        let mut last = self.get(tsn)?.header;
        while let Some(chunk) = self.get(last.tsn.next()).filter(|_| !last.end) {
            last = chunk.header;
        }
        Some(Span {
            first: first.tsn,
            last: last.tsn,
            stream: last.stream,
            is_whole: last.end,
        })
    }

    /// The first chunk from `from` on that may have to make room for a message with that policy,
    /// unless the peer has it.
    pub(crate) fn next_below(&self, from: Tsn, policy: Policy) -> Option<Tsn> {
        let mut places = self.index(from)..self.chunks.len();
        let found = places.find(|&i| {
            self.chunks.get(i).is_some_and(|chunk| {
                chunk.policy.is_below(policy)
                    && matches!(chunk.state, ChunkState::InFlight | ChunkState::Lost)
            })
        })?;
        Some(self.first.plus(found as u32))
    }

    /// Gives a chunk up. `None` if there is no such chunk, or it was given up before.
    pub(crate) fn abandon(&mut self, tsn: Tsn) -> Option<Dropped<B>> {
        let i = self.index(tsn);
        self.leave_flight(tsn);
        let chunk = self.chunks.get_mut(i)?;
        let (size, len) = (chunk.wire_size(), chunk.len());
        let payload = chunk.payload.take()?;
        let left_flight = match chunk.state {
            ChunkState::InFlight => size,
            ChunkState::Lost => {
                self.lost_count = self.lost_count.saturating_sub(1);
                self.lost_payload = self.lost_payload.saturating_sub(len);
                0
            }
            // The peer may have it, but not the whole message.
            ChunkState::Acked => {
                if let Some(lane) = self.lanes.get_mut(chunk.path.index()) {
                    lane.forget_acked();
                }
                0
            }
            ChunkState::Abandoned => 0,
        };
        chunk.state = ChunkState::Abandoned;
        Some(Dropped {
            path: chunk.path,
            left_flight,
            failed: failed(&chunk.header, chunk.context, payload, Failure::Abandoned),
        })
    }

    /// Takes a TSN for the end of a message that was given up before its last fragment was sent:
    /// the next message must not follow right behind what was. Room was reserved.
    pub(crate) fn abandon_end(&mut self, header: DataHeader) {
        debug_assert!(header.tsn == self.next_tsn());
        let chunk = Chunk {
            payload: None,
            state: ChunkState::Abandoned,
            ..Chunk::new(header, PathId(0))
        };
        let done = self.chunks.push_reserved(chunk);
        debug_assert!(done.is_ok(), "abandoned without reserve");
    }

    /// Whether the peer has to be told that it waits for nothing.
    pub(crate) fn is_forward_due(&self) -> bool {
        self.chunks
            .front()
            .is_some_and(|chunk| chunk.state == ChunkState::Abandoned)
    }

    /// The new cumulative TSN for a FORWARD TSN, and in `skipped` the streams for it; `None` if
    /// none is due.
    pub(crate) fn forward_point(
        &self,
        skipped: &mut KVec<Skipped>,
        gfp: Flags,
    ) -> Result<Option<Tsn>, AllocError> {
        skipped.clear();
        skipped.reserve(MAX_SKIPPED, gfp)?;
        let mut point = None;
        for i in 0..self.chunks.len().min(MAX_FORWARD) {
            let Some(chunk) = self.chunks.get(i) else {
                break;
            };
            let header = chunk.header;
            if chunk.state != ChunkState::Abandoned {
                break;
            }
            if !header.unordered {
                let new = Skipped {
                    stream: header.stream,
                    ssn: header.ssn,
                };
                // TSNs and SSNs are given out in the same order.
                let listed = skipped.iter_mut().rev().find(|s| s.stream == new.stream);
                if let Some(listed) = listed {
                    *listed = new;
                } else if skipped.len() >= MAX_SKIPPED || skipped.push(new, gfp).is_err() {
                    break;
                }
            }
            point = Some(header.tsn);
        }
        Ok(point)
    }
}
