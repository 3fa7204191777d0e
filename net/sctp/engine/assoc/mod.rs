// SPDX-License-Identifier: GPL-2.0

//! The association: all that is shared with one peer (RFC 9260, 4 to 9).
//!
//! This file has the structure, what can be asked of it, and the one table that says what each
//! chunk means in each state. The procedures are in the files named after them: [`setup`] (5),
//! [`data`] and [`sack`] (6, 7), [`fault`] (8), [`teardown`] (9), [`timers`], [`transmit`].
//!
//! Invariants, checked by `check_invariants` after each input of every test:
//! - a path's flight is what the outstanding queue has in flight on it;
//! - while DATA is in flight on a path, its T3-rtx runs;
//! - something drives every state: a timer runs, or it is the peer's or the user's turn;
//! - `Closed` has no timers (but to retry a last packet) and no data to send.

mod data;
mod fault;
mod sack;
mod setup;
pub(crate) mod state;
mod teardown;
mod timers;
mod transmit;
pub(crate) mod vtag;

use super::{
    addr::Address,
    config::Config,
    cookie::TieTags,
    cx::{Cx, Payload},
    env::{AllocError, KVec},
    event::Event,
    path::{Path, PathId, MIN_MTU},
    rx::{sack::Signs, Receiver},
    serial::Tsn,
    stats::{Counter, Reason},
    time::{Duration, Time},
    tx::{outstanding::Outstanding, send_queue::SendQueue},
    wire::{
        builder::PacketBuilder,
        chunk::{Chunk, ChunkType},
        packet::Packet,
    },
};

use self::{
    state::{AbortCause, Notices, Pending, Timer, Timers},
    vtag::TagCheck,
};

#[allow(unused_imports)]
pub(crate) use self::{data::SendError, state::State};
pub(crate) use super::tx::Message;

pub(crate) struct Association<B: Payload> {
    config: Config,
    state: State,

    // Who is who.
    local_port: u16,
    peer_port: u16,
    local_tag: u32,
    /// 0 as long as it is not known.
    peer_tag: u32,
    tie_tags: TieTags,
    /// The first TSN that was given out or will be.
    local_initial_tsn: Tsn,

    // Setup.
    /// The peer's cookie, from its INIT ACK until its COOKIE ACK.
    cookie: KVec<u8>,
    /// Parameters of its INIT ACK that are to be reported as not known.
    unrecognized: KVec<u8>,
    /// Expiries of T1 since the last progress, and cookies that were too old.
    init_attempts: u32,
    stale_cookies: u32,
    /// When the INIT or COOKIE ECHO was sent, unless it was sent again: what the answer to it says
    /// about the round-trip time is good then (Karn).
    setup_sent: Option<Time>,
    /// How much longer the next cookie should live.
    preservative: Option<Duration>,
    /// The user wants to shut down as soon as the association is up and its messages are out.
    shutdown_when_up: bool,

    // Paths.
    /// At least one, at most `MAX_PATHS`.
    paths: KVec<Path>,
    primary: PathId,
    /// Consecutive timeouts without a sign of life on any path (8.1).
    errors: u32,
    /// When an unconfirmed path may be probed next (HB.Max.Burst of 1, 5.4).
    next_confirmation: Option<Time>,

    // Receiving.
    rx: Receiver<B>,
    /// Where DATA last came from, and SACKs go to.
    data_from: PathId,

    // Sending.
    out_streams: u16,
    queue: SendQueue<B>,
    outstanding: Outstanding<B>,
    /// The window in the peer's last SACK.
    peer_a_rwnd: u32,
    /// Fast Recovery lasts until this TSN is acknowledged (7.2.4).
    recovery_exit: Option<Tsn>,
    /// A packet of fast retransmissions is due, whatever cwnd says.
    fast_retransmit: bool,
    /// Packets of new DATA that may still leave before the next input or command (Max.Burst).
    burst: u32,
    /// The last TSN of the last packet that was not filled, and how many such packets more are to
    /// ask for a SACK at once (see `transmit.rs`).
    last_short: Option<Tsn>,
    nagle_waits: u8,

    // Outputs.
    pending: Pending,
    abort_cause: Option<AbortCause>,
    /// A packet that answers one that came, and where to.
    reply: PacketBuilder<B>,
    reply_to: Option<PathId>,
    notices: Notices,
    timers: Timers,
}

/// What goes on between the chunks of one packet.
struct Incoming {
    path: PathId,
    /// Bytes of the packet: what an answer is measured against.
    len: usize,
    has_data: bool,
    signs: Signs,
}

impl Incoming {
    fn new(path: PathId, len: usize) -> Self {
        Self {
            path,
            len,
            has_data: false,
            signs: Signs::default(),
        }
    }
}

/// What to do about the rest of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    Continue,
    /// Nothing more of this packet is to be looked at.
    Stop,
}

#[allow(dead_code)]
impl<B: Payload> Association<B> {
    // Getters.

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn local_tag(&self) -> u32 {
        self.local_tag
    }

    pub(crate) fn peer_tag(&self) -> u32 {
        self.peer_tag
    }

    pub(crate) fn local_port(&self) -> u16 {
        self.local_port
    }

    pub(crate) fn peer_port(&self) -> u16 {
        self.peer_port
    }

    pub(crate) fn out_streams(&self) -> u16 {
        self.out_streams
    }

    pub(crate) fn in_streams(&self) -> u16 {
        self.rx.in_streams()
    }

    pub(crate) fn paths(&self) -> &[Path] {
        &self.paths
    }

    pub(crate) fn primary(&self) -> PathId {
        self.primary
    }

    pub(crate) fn has_address(&self, address: &Address) -> bool {
        self.find_path(address).is_some()
    }

    /// What the peer's window is believed to be (6.2.1).
    pub(crate) fn peer_rwnd(&self) -> u32 {
        let in_flight = u32::try_from(self.outstanding.flight_payload()).unwrap_or(u32::MAX);
        self.peer_a_rwnd.saturating_sub(in_flight)
    }

    /// DATA chunks that were sent and not acknowledged.
    pub(crate) fn unacked_chunks(&self) -> usize {
        self.outstanding.len()
    }

    /// Payload bytes that wait to be sent for the first time.
    pub(crate) fn unsent_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// TSNs that were received and not delivered.
    pub(crate) fn pending_chunks(&self) -> usize {
        self.rx.pending_chunks()
    }

    /// Largest payload of a DATA chunk on the primary path.
    pub(crate) fn frag_point(&self) -> usize {
        let mtu = self.path(self.primary).map_or(MIN_MTU, |p| p.mtu);
        transmit::max_payload(mtu)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// For options that take effect with the next thing they are about.
    pub(crate) fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    pub(crate) fn set_nodelay(&mut self, nodelay: bool) {
        self.config.nodelay = nodelay;
    }

    pub(crate) fn set_rcvbuf(&mut self, rcvbuf: u32) {
        self.config.rcvbuf = rcvbuf;
        self.rx.set_rcvbuf(rcvbuf);
    }

    /// Whether it is over: nothing more will be sent, no timer runs. Events may be left.
    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
            && self.abort_cause.is_none()
            && !self.pending.shutdown_complete
            && self.reply_to.is_none()
    }

    // Outputs; `poll_transmit` is in `transmit.rs`.

    /// The next thing to tell the user.
    pub(crate) fn poll_event(&mut self) -> Option<Event<B>> {
        if core::mem::take(&mut self.notices.restarted) {
            return Some(Event::Restarted);
        }
        if core::mem::take(&mut self.notices.up) {
            return Some(Event::Up);
        }
        if let Some(received) = self.rx.take() {
            return Some(Event::Message(received));
        }
        if core::mem::take(&mut self.notices.peer_shutdown) {
            return Some(Event::PeerShutdown);
        }
        self.notices.closed.take().map(Event::Closed)
    }

    /// When to call `handle_timeout`.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        let paths = self
            .paths
            .iter()
            .flat_map(|path| [path.t3_rtx, path.heartbeat])
            .flatten();
        self.timers.next().into_iter().chain(paths).min()
    }

    // Inputs; `handle_timeout` is in `timers.rs`.

    /// The MTU of a path for SCTP packets, IP header excluded, has changed.
    pub(crate) fn handle_mtu(&mut self, _cx: &mut Cx<'_>, path: PathId, mtu: usize) {
        if let Some(path) = self.path_mut(path) {
            path.set_mtu(mtu);
        }
    }

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
        let path = self.find_path(&pkt.src).ok_or(Reason::BadAddress)?;
        self.begin_input();
        // What was not fetched in time is not worth keeping.
        self.reply_to = None;
        if pkt.first_kind() == ChunkType::Init {
            return self.on_init(cx, pkt, path);
        }
        let mut incoming = Incoming::new(path, pkt.len());
        let result = self.handle_chunks(cx, pkt, &mut incoming, 0);
        self.end_packet(cx, &incoming);
        result
    }

    /// Handles the chunks of a packet but for the first `skip`.
    fn handle_chunks(
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

            (
                C::Sack,
                S::Established | S::ShutdownPending | S::ShutdownSent | S::ShutdownReceived,
            ) => self.on_sack(cx, chunk, incoming),
            (C::Sack, S::CookieWait | S::CookieEchoed | S::ShutdownAckSent) => Ok(Next::Continue),

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
            ) => self.on_shutdown(cx, chunk),
            (C::Shutdown, S::CookieWait | S::CookieEchoed) => Err(Reason::Unexpected),

            (C::ShutdownAck, S::ShutdownSent | S::ShutdownAckSent) => Ok(self.on_shutdown_ack(cx)),
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

            (C::Error, S::CookieEchoed) => Ok(self.on_error_in_setup(cx, chunk)),
            // Reports of what the peer did not like of ours: nothing follows from them.
            (
                C::Error,
                S::CookieWait
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => Ok(Next::Continue),

            // Congestion notification is not negotiated.
            (
                C::Ecne | C::Cwr,
                S::CookieWait
                | S::CookieEchoed
                | S::Established
                | S::ShutdownPending
                | S::ShutdownSent
                | S::ShutdownReceived
                | S::ShutdownAckSent,
            ) => Ok(Next::Continue),

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
                | C::ShutdownComplete
                | C::Unrecognized(_),
                S::Closed,
            ) => Err(Reason::Unexpected),
        }
    }

    /// What is decided once per packet.
    fn end_packet(&mut self, cx: &mut Cx<'_>, incoming: &Incoming) {
        if self.state == State::Closed {
            return;
        }
        if incoming.has_data {
            self.end_data(cx, incoming);
        }
        self.advance_shutdown(cx);
    }

    /// Each input and each command may be followed by a burst of packets (6.1, D).
    fn begin_input(&mut self) {
        self.burst = match self.config.max_burst {
            0 => u32::MAX,
            n => n,
        };
    }

    // Paths.

    fn find_path(&self, address: &Address) -> Option<PathId> {
        let index = self.paths.iter().position(|p| p.addr == *address)?;
        u8::try_from(index).ok().map(PathId)
    }

    fn path(&self, id: PathId) -> Option<&Path> {
        self.paths.get(id.index())
    }

    fn path_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.paths.get_mut(id.index())
    }

    /// The RTO of the path that control chunks go to.
    fn control_rto(&self) -> Duration {
        self.path(self.active_path())
            .map_or(self.config.rto_initial, |p| p.rto.get())
    }

    /// The path to use: the primary one, or else any that works, or else the primary one after
    /// all, for something has to be tried (6.4).
    fn active_path(&self) -> PathId {
        if self.path(self.primary).is_some_and(Path::is_active) {
            return self.primary;
        }
        let other = self.paths.iter().position(Path::is_active);
        other
            .and_then(|i| u8::try_from(i).ok())
            .map_or(self.primary, PathId)
    }

    /// The path to retransmit on what was last sent on `path`: another one if that is in doubt
    /// and there is one that is not (6.4.1).
    fn retransmit_path(&self, path: PathId) -> PathId {
        let is_fine = |p: &Path| p.is_active() && p.errors == 0;
        if self.path(path).is_some_and(is_fine) {
            return path;
        }
        let other = self.paths.iter().position(is_fine);
        match other.and_then(|i| u8::try_from(i).ok()) {
            Some(i) => PathId(i),
            None if self.path(path).is_some_and(Path::is_active) => path,
            None => self.active_path(),
        }
    }

    /// Adds a path unless it is known.
    fn add_path(&mut self, cx: &Cx<'_>, path: Path) -> Result<(), AllocError> {
        if self.find_path(&path.addr).is_some() || self.paths.len() >= super::path::MAX_PATHS {
            return Ok(());
        }
        self.paths.push(path, cx.gfp)
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        let mut flight = [0; super::path::MAX_PATHS];
        self.outstanding.check_invariants(&mut flight);
        self.queue.check_invariants();
        self.rx.check_invariants();
        assert!(!self.paths.is_empty());
        for (path, flight) in self.paths.iter().zip(flight) {
            assert_eq!(path.flight, flight, "flight of {:?}", path.addr);
            assert_eq!(
                path.t3_rtx.is_some(),
                path.flight > 0,
                "T3-rtx runs while and only while DATA is in flight"
            );
        }
        let runs = |timer| self.timers.get(timer).is_some();
        match self.state {
            State::CookieWait => assert!(runs(Timer::T1Init)),
            State::CookieEchoed => assert!(runs(Timer::T1Cookie)),
            State::Established => {
                for path in &self.paths {
                    assert!(path.heartbeat.is_some(), "heartbeats go on");
                }
            }
            State::ShutdownPending | State::ShutdownReceived => {
                assert!(
                    !self.queue.is_empty() || !self.outstanding.is_empty(),
                    "nothing to wait for"
                );
            }
            State::ShutdownSent => {
                assert!(runs(Timer::T2Shutdown) && runs(Timer::T5ShutdownGuard));
                assert!(self.queue.is_empty() && self.outstanding.is_empty());
            }
            State::ShutdownAckSent => {
                assert!(runs(Timer::T2Shutdown));
                assert!(self.queue.is_empty() && self.outstanding.is_empty());
            }
            State::Closed => {
                assert!(Timer::ALL.iter().all(|&t| t == Timer::Retry || !runs(t)));
                assert!(self.queue.is_empty() && self.outstanding.is_empty());
                assert!(self.paths.iter().all(|p| p.heartbeat.is_none()));
            }
        }
    }
}
