// SPDX-License-Identifier: GPL-2.0

//! From a packet to what each of its chunks means: one table over chunks and states (RFC 9260, 4
//! and 8.5).

use super::{
    state::State,
    vtag::{self, TagCheck},
    Association,
};
use crate::engine::{
    cx::{Cx, Payload},
    path::PathId,
    rx::sack::Signs,
    stats::{Counter, Reason},
    wire::{
        chunk::{Chunk, ChunkType},
        packet::Packet,
    },
};

/// What goes on between the chunks of one packet.
pub(super) struct Incoming {
    pub(super) path: PathId,
    /// Bytes of the packet: what an answer is measured against.
    pub(super) len: usize,
    pub(super) has_data: bool,
    /// A SACK or a SHUTDOWN was taken in. What others of the packet acknowledge is left for later:
    /// each can make all that is outstanding be looked at, and no peer has a reason to send two.
    pub(super) has_sack: bool,
    pub(super) has_shutdown: bool,
    /// Bytes of the last DATA chunk if it was a whole message, else 0.
    pub(super) last_message: usize,
    pub(super) signs: Signs,
}

impl Incoming {
    pub(super) fn new(path: PathId, len: usize) -> Self {
        Self {
            path,
            len,
            has_data: false,
            has_sack: false,
            has_shutdown: false,
            last_message: 0,
            signs: Signs::default(),
        }
    }
}

/// What to do about the rest of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    Continue,
    /// Nothing more of this packet is to be looked at.
    Stop,
}

impl<B: Payload> Association<B> {
    /// Takes in a packet that has this association's ports and, by its tag or its addresses, is
    /// meant for it.
    ///
    /// `Err` says why it was not taken, or not all of it; what came before the obstacle was. The
    /// local tag may be another one afterwards, because the peer restarted.
    pub(crate) fn handle_packet(
        &mut self,
        cx: &mut Cx<'_>,
        pkt: &Packet<'_, B>,
    ) -> Result<(), Reason> {
        if self.state == State::Closed {
            return Err(Reason::Unexpected);
        }
        if !self.locals.contains(&pkt.dst) {
            return Err(Reason::BadAddress);
        }
        self.begin_input();
        // What was not fetched in time is not worth keeping.
        self.reply = None;
        if pkt.first_kind() == ChunkType::Init {
            return self.on_init(cx, pkt);
        }
        let path = match self.find_path(&pkt.src) {
            Some(path) => path,
            // A cookie says itself whose it is, and may be the first to name an address.
            None if pkt.first_kind() == ChunkType::CookieEcho => self.primary,
            None if pkt.first_kind() == ChunkType::InitAck => {
                self.path_in_init_ack(pkt).ok_or(Reason::BadAddress)?
            }
            None => return Err(Reason::BadAddress),
        };
        let mut incoming = Incoming::new(path, pkt.len());
        let result = self.handle_chunks(cx, pkt, &mut incoming, 0);
        if result.is_ok() {
            self.note_heard(incoming.path, pkt);
        }
        self.end_packet(cx, &incoming);
        result
    }

    /// The peer uses a path together with the address of ours that the packet came to: so do we
    /// from now on (6.4).
    pub(super) fn note_heard(&mut self, path: PathId, pkt: &Packet<'_, B>) {
        if let Some(path) = self.path_mut(path) {
            path.local.get_or_insert(pkt.dst);
        }
    }

    /// Handles the chunks of a packet but for the first `skip`.
    pub(super) fn handle_chunks(
        &mut self,
        cx: &mut Cx<'_>,
        pkt: &Packet<'_, B>,
        incoming: &mut Incoming,
        skip: usize,
    ) -> Result<(), Reason> {
        for chunk in pkt.chunks().skip(skip) {
            let chunk = chunk?;
            let tag = pkt.verification_tag();
            match vtag::check(&chunk, tag, self.state, self.local_tag, self.peer_tag) {
                TagCheck::Accept | TagCheck::AskChunk => {}
                TagCheck::Discard => return Err(Reason::BadTag),
            }
            if chunk.kind != ChunkType::Data {
                cx.stats.count(Counter::InCtrlChunks);
            }
            match self.handle_chunk(cx, pkt, &chunk, incoming)? {
                Next::Continue if self.state != State::Closed => {}
                Next::Continue | Next::Stop => break,
            }
        }
        Ok(())
    }

    /// What each chunk means in each state.
    fn handle_chunk(
        &mut self,
        cx: &mut Cx<'_>,
        pkt: &Packet<'_, B>,
        chunk: &Chunk<'_>,
        incoming: &mut Incoming,
    ) -> Result<Next, Reason> {
        use ChunkType as C;
        use State as S;

        match (chunk.kind, self.state) {
            (C::Data, S::Established | S::ShutdownPending | S::ShutdownSent) => {
                self.on_data(cx, pkt, chunk, incoming)
            }
            // Before the association is up it cannot be put in order; after its SHUTDOWN the peer
            // has none to send.
            (
                C::Data,
                S::CookieWait | S::CookieEchoed | S::ShutdownReceived | S::ShutdownAckSent,
            ) => Err(Reason::Unexpected),

            // An INIT has to be alone, and was taken care of.
            (
                C::Init,
                S::CookieWait
                | S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => Err(Reason::Unexpected),

            (C::InitAck, S::CookieWait) => self.on_init_ack(cx, pkt, chunk, incoming),
            // 5.2.3: late, or not meant for us.
            (
                C::InitAck,
                S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => Err(Reason::Unexpected),

            (
                C::CookieEcho,
                S::CookieWait
                | S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => self.on_cookie_echo(cx, pkt, chunk, incoming),

            (C::CookieAck, S::CookieEchoed) => {
                self.establish(cx, incoming);
                Ok(Next::Continue)
            }
            // 5.2.5
            (
                C::CookieAck,
                S::CookieWait
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => Ok(Next::Continue),

            (C::Sack, S::Established | S::ShutdownPending | S::ShutdownReceived) => {
                self.on_sack(cx, chunk, incoming)
            }
            // Nothing is outstanding that it could acknowledge (6).
            (C::Sack, S::CookieWait | S::CookieEchoed | S::ShutdownSent | S::ShutdownAckSent) => {
                Ok(Next::Continue)
            }

            (
                C::Heartbeat,
                S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => self.on_heartbeat(cx, chunk, incoming),
            (C::Heartbeat, S::CookieWait) => Err(Reason::Unexpected),

            (
                C::HeartbeatAck,
                S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => self.on_heartbeat_ack(cx, chunk),
            (C::HeartbeatAck, S::CookieWait | S::CookieEchoed) => Ok(Next::Continue),

            (
                C::Abort,
                S::CookieWait
                | S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => Ok(self.on_abort(cx, chunk)),

            (
                C::Shutdown,
                S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => self.on_shutdown(cx, chunk, incoming),
            (C::Shutdown, S::CookieWait | S::CookieEchoed) => Err(Reason::Unexpected),

            (C::ShutdownAck, S::ShutdownSent | S::ShutdownAckSent) => {
                Ok(self.on_shutdown_ack(cx, incoming))
            }
            // 8.5.1 E: out of the blue, as it were.
            (C::ShutdownAck, S::CookieWait | S::CookieEchoed) => {
                self.reflect_shutdown_complete(cx, pkt, incoming)
            }
            (C::ShutdownAck, S::Established | S::ShutdownPending | S::ShutdownReceived) => {
                Err(Reason::Unexpected)
            }

            (C::ShutdownComplete, S::ShutdownAckSent) => Ok(self.on_shutdown_complete(cx)),
            (
                C::ShutdownComplete,
                S::CookieWait
                | S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived,
            ) => Err(Reason::Unexpected),

            (C::Error, S::CookieEchoed) => Ok(self.on_error_in_setup(cx, chunk, incoming)),
            // Reports of what the peer did not like of ours.
            (C::Error, S::Established | S::ShutdownPending | S::ShutdownReceived) => {
                Ok(self.on_error(cx, chunk))
            }
            (C::Error, S::CookieWait | S::ShutdownSent | S::ShutdownAckSent) => Ok(Next::Continue),

            // Congestion notification is not negotiated, and padding is there to take up room.
            (
                C::Ecne | C::Cwr | C::Pad,
                S::CookieWait
                | S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => Ok(Next::Continue),

            // Not negotiated: as one that is not known.
            (
                C::ForwardTsn,
                S::CookieWait
                | S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) if !self.is_forward_tsn_supported => Ok(self.on_unrecognized(cx, chunk, incoming)),
            // It goes where DATA goes.
            (C::ForwardTsn, S::Established | S::ShutdownPending | S::ShutdownSent) => {
                self.on_forward_tsn(cx, chunk, incoming)
            }
            (
                C::ForwardTsn,
                S::CookieWait | S::CookieEchoed | S::ShutdownReceived | S::ShutdownAckSent,
            ) => Err(Reason::Unexpected),

            (
                C::Unrecognized(_),
                S::CookieWait
                | S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => Ok(self.on_unrecognized(cx, chunk, incoming)),

            (
                C::Data
                | C::Init
                | C::InitAck
                | C::Sack
                | C::Heartbeat
                | C::HeartbeatAck
                | C::Abort
                | C::Shutdown
                | C::ShutdownAck
                | C::Error
                | C::CookieEcho
                | C::CookieAck
                | C::Ecne
                | C::Cwr
                | C::Pad
                | C::ShutdownComplete
                | C::ForwardTsn
                | C::Unrecognized(_),
                S::Closed,
            ) => Err(Reason::Unexpected),
        }
    }

    /// What is decided once per packet.
    pub(super) fn end_packet(&mut self, cx: &mut Cx<'_>, incoming: &Incoming) {
        if self.state == State::Closed {
            return;
        }
        if incoming.has_data {
            self.end_data(cx, incoming);
        }
        self.advance_shutdown(cx);
    }
}
