// SPDX-License-Identifier: GPL-2.0

//! User data in and out, up to where it meets packets: RFC 9260, 6.2, 6.5 to 6.7. What is sent is
//! cut up and numbered in [`transmit`](super::transmit).

use super::{
    dispatch::{Incoming, Next},
    state::{AbortCause, State, Timer},
    Association, Message, Policy,
};
use crate::engine::{
    config::MAX_SACK_DELAY,
    cx::{Cx, Payload},
    env::AllocError,
    event::Failure,
    rx::{forward::Forwarded, sack::Owed, Outcome},
    stats::{Counter, Reason},
    tx::send_queue::Fate,
    wire::{cause::NewCause, chunk::Chunk, data::Data, forward_tsn::ForwardTsn, packet::Packet},
};

/// A packet this long or longer counts as filled whatever the MTU is: on loopback that is 64 KiB,
/// and to wait until so much has come together is no service to anybody.
pub(super) const FULL_PACKET: usize = 1452;

/// Most bytes in one message: lengths have to stay far from where sums of them overflow.
const MAX_MESSAGE: usize = 1 << 30;

/// Why a message was not taken. It is given back.
#[derive(Debug)]
pub(crate) enum SendError<B> {
    NoMemory(Message<B>),
    /// There is no such stream, or another message is not finished.
    BadStream(Message<B>),
    /// An empty message cannot be sent (6.2).
    Empty(Message<B>),
    ShuttingDown(Message<B>),
    TooLong(Message<B>),
}

impl<B: Payload> Association<B> {
    /// Takes a message to be sent, also while the association is being set up. How much may wait
    /// is for the caller to limit. Gives whether that can be a reason to poll: it is none for
    /// one that waits as others do.
    pub(crate) fn send(
        &mut self,
        cx: &mut Cx<'_>,
        mut message: Message<B>,
    ) -> Result<bool, SendError<B>> {
        if !self.state.takes_messages() || self.shutdown_when_up {
            return Err(SendError::ShuttingDown(message));
        }
        if !self.takes(message.stream, message.ppid, message.unordered) {
            return Err(SendError::BadStream(message));
        }
        if message.payload.len() == 0 {
            return Err(SendError::Empty(message));
        }
        let would_be_cut = message.payload.len() > self.frag_point();
        let is_forbidden = would_be_cut && !self.config.may_fragment;
        if message.payload.len() > MAX_MESSAGE || is_forbidden {
            return Err(SendError::TooLong(message));
        }
        self.begin_input();
        if let Some(unfinished) = self.queue.unfinished() {
            message.policy = unfinished.policy;
            if let Fate::GivenUp(why) = unfinished.fate {
                return self.refuse(cx, message, why).map(|()| true);
            }
        }
        let policy = message.policy;
        if self.failures.prepare(cx.gfp).is_err() {
            return Err(SendError::NoMemory(message));
        }
        self.queue
            .push(message, cx.gfp)
            .map_err(SendError::NoMemory)?;
        self.is_dry = false;
        if let Policy::Timed(until) = policy {
            self.plan_sweep(until);
            return Ok(true);
        }
        Ok(!self.is_quiet())
    }

    /// Whether a message like that is taken: on any stream that there is, but while one is not
    /// finished, only what it goes on with.
    pub(crate) fn takes(&self, stream: u16, ppid: [u8; 4], unordered: bool) -> bool {
        match self.queue.unfinished() {
            Some(unfinished) => unfinished.goes_on_with(stream, ppid, unordered),
            None => stream < self.out_streams,
        }
    }

    /// Gives the user a part of a message back that was given up before.
    #[cold]
    fn refuse(
        &mut self,
        cx: &Cx<'_>,
        message: Message<B>,
        why: Failure,
    ) -> Result<(), SendError<B>> {
        if self.failures.reserve(1, cx.gfp).is_err() {
            return Err(SendError::NoMemory(message));
        }
        if let Some(failed) = self.queue.refuse(message, why) {
            self.failures.push_reserved(failed);
        }
        Ok(())
    }

    /// Whether the user will send more at once (MSG_MORE): until that is over, only full packets
    /// leave, however long it takes.
    pub(crate) fn set_more_follows(&mut self, more: bool) {
        self.begin_input();
        self.more_follows = more;
    }

    /// The user has read that much of the messages it was given: their bytes, and the memory that
    /// their payload kept. Gives whether that can be a reason to poll: mostly it is none.
    pub(crate) fn consumed(&mut self, cx: &mut Cx<'_>, bytes: usize, truesize: usize) -> bool {
        let measured = self.measured_rtt(self.data_from);
        let rtt = measured.unwrap_or(self.config.rto_initial);
        self.rx.buffer.tune(cx.now, bytes, rtt);
        self.rx.consumed(bytes, truesize);
        match self.state {
            State::Established | State::ShutdownPending | State::ShutdownSent => {
                let mtu = self.path(self.data_from).map_or(FULL_PACKET, |p| p.mtu());
                let (drained, window) = (self.rx.is_drained(), self.rx.buffer.window());
                let limit = self.rx.buffer.limit();
                let sack = &mut self.rx.sack;
                let sooner = sack.consumed(cx.now, drained, window, limit, mtu);
                if let Some(at) = sooner {
                    self.timers.set(Timer::Sack, at);
                }
                if self.rx.is_all_read() {
                    self.rx.sack.all_read(window, mtu);
                }
                let is_owed = self.rx.sack.owed() == Owed::Now;
                sooner.is_some() || is_owed || self.rx.may_have_event()
            }
            State::CookieWait
            | State::CookieEchoed
            | State::ShutdownReceived
            | State::ShutdownAckSent
            | State::Closed => self.rx.may_have_event(),
        }
    }

    pub(super) fn on_data(
        &mut self,
        cx: &mut Cx<'_>,
        pkt: &Packet<'_, B>,
        chunk: &Chunk<'_>,
        incoming: &mut Incoming,
    ) -> Result<Next, Reason> {
        let data = Data::parse(chunk)?;
        let header = data.header;
        if data.payload.is_empty() {
            self.abort_with(cx, AbortCause::NoUserData(header.tsn));
            return Ok(Next::Stop);
        }
        let payload = pkt.payload(data.payload).ok_or(Reason::Malformed)?;
        incoming.has_data = true;
        let is_whole = header.begin && header.end;
        incoming.last_message = if is_whole { chunk.len() } else { 0 };
        incoming.signs.immediate |= header.immediate;
        let had_gap = self.rx.map().has_gap();
        let expected = self.rx.map().cumulative().next();
        let outcome = self.rx.data(cx.gfp, &header, payload, pkt.src);
        incoming.signs.amiss |= had_gap || self.rx.map().has_gap();
        match outcome {
            Outcome::Accepted => {
                incoming.signs.accepted = true;
                self.last_user_data = cx.now;
                self.data_from = incoming.path;
                cx.stats.count(if header.unordered {
                    Counter::InUnorderChunks
                } else {
                    Counter::InOrderChunks
                });
                if header.end && !header.begin {
                    cx.stats.count(Counter::ReasmUsrMsgs);
                }
                if header.tsn.is_after(expected) {
                    cx.stats.count(Counter::InOutOfOrderTsns);
                }
            }
            Outcome::Duplicate => {
                cx.stats.count(Counter::InDuplicateTsns);
                incoming.signs.amiss = true;
                self.data_from = incoming.path;
            }
            Outcome::Dropped => {
                incoming.signs.amiss = true;
                cx.stats.count(Counter::InDataChunkDiscards);
            }
            Outcome::InvalidStream => {
                incoming.signs.accepted = true;
                cx.stats.count(Counter::InDataChunkDiscards);
                let cause = NewCause::InvalidStreamIdentifier(header.stream);
                self.report(cx, incoming, &cause);
            }
            Outcome::Violation => {
                let what = "fragments that do not fit together";
                self.abort_with(cx, AbortCause::ProtocolViolation(what));
                return Ok(Next::Stop);
            }
        }
        Ok(Next::Continue)
    }

    /// What follows from a FORWARD TSN is acknowledged as DATA is, at once if it came late or there
    /// are gaps (RFC 3758, 3.6).
    #[cold]
    pub(super) fn on_forward_tsn(
        &mut self,
        cx: &mut Cx<'_>,
        chunk: &Chunk<'_>,
        incoming: &mut Incoming,
    ) -> Result<Next, Reason> {
        let forward = ForwardTsn::parse(chunk)?;
        let had_gap = self.rx.map().has_gap();
        match self.rx.forward(cx.gfp, &forward) {
            Ok(Forwarded::Advanced) => {
                incoming.signs.accepted = true;
                incoming.signs.amiss |= had_gap || self.rx.map().has_gap();
            }
            Ok(Forwarded::Old) => incoming.signs.amiss = true,
            Ok(Forwarded::OutOfWindow) => return Err(Reason::Unexpected),
            Err(AllocError) => return Err(Reason::NoMemory),
        }
        incoming.has_data = true;
        self.data_from = incoming.path;
        Ok(Next::Continue)
    }

    /// After the last chunk of a packet that had DATA: what to do about a SACK.
    pub(super) fn end_data(&mut self, cx: &mut Cx<'_>, incoming: &Incoming) {
        let mtu = self.path(incoming.path).map_or(FULL_PACKET, |p| p.mtu());
        let mut signs = incoming.signs;
        // Full is what has no room for another message like the last one.
        let wanted = incoming.len.saturating_add(incoming.last_message);
        signs.full = mtu.min(FULL_PACKET);
        signs.short = wanted < signs.full;
        let limit = self.rx.buffer.limit();
        self.rx.sack.packet(cx.now, signs, &self.config, limit);
        if self.state == State::ShutdownSent {
            // 9.2: answer at once, with SHUTDOWN too, and give the peer its time again.
            self.rx.sack.owe_now();
            self.pending.shutdown = true;
            self.start_t2(cx);
        }
        self.rx.relieve();
        match self.rx.sack.owed() {
            Owed::Soon => {
                if self.timers.get(Timer::Sack).is_none() {
                    let delay = self.config.sack_delay.min(MAX_SACK_DELAY);
                    self.timers.set(Timer::Sack, cx.now.plus(delay));
                }
            }
            Owed::Nothing | Owed::Now => self.timers.stop(Timer::Sack),
        }
    }
}
