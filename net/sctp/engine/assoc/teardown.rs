// SPDX-License-Identifier: GPL-2.0

//! The end of an association: RFC 9260, 9.

use super::{
    abandon::SWEEP,
    dispatch::{Incoming, Next},
    state::{AbortCause, Pending, State, Timer},
    Abort, Association,
};
use crate::engine::{
    cx::{Cx, Payload},
    env::KVec,
    event::Closed,
    path::{Way, MIN_MTU},
    stats::{Counter, Reason},
    time::Duration,
    wire::{builder::PacketBuilder, chunk::Chunk, control, packet::Packet},
};

/// T5-shutdown-guard: five times RTO.Max (9.2).
const T5_FACTOR: u64 = 5;

impl<B: Payload> Association<B> {
    /// Ends the association once all messages have been acknowledged. May be called again.
    pub(crate) fn shutdown(&mut self, cx: &mut Cx<'_>) {
        self.begin_input();
        match self.state {
            State::CookieWait if self.queue.is_empty() => {
                // The peer knows of nothing.
                cx.stats.count(Counter::Shutdowns);
                self.close(Closed::Shutdown);
            }
            State::CookieWait | State::CookieEchoed => self.shutdown_when_up = true,
            State::Established => {
                self.state = State::ShutdownPending;
                self.advance_shutdown(cx);
            }
            State::ShutdownPending
            | State::ShutdownSent
            | State::ShutdownReceived
            | State::ShutdownAckSent
            | State::Closed => {}
        }
    }

    /// Ends the association at once: the peer is told, with the error `cause` and its information,
    /// and all data is given up.
    pub(crate) fn abort(&mut self, cx: &mut Cx<'_>, cause: u16, reason: &[u8]) {
        let mut info = KVec::new();
        if info.extend_from_slice(reason, cx.gfp).is_err() {
            info.clear();
        }
        self.abort_with(cx, AbortCause::Other(cause, info));
    }

    #[cold]
    pub(super) fn abort_with(&mut self, cx: &mut Cx<'_>, cause: AbortCause) {
        if self.state == State::Closed {
            return;
        }
        cx.stats.count(Counter::Aborteds);
        let closed = Closed::Aborted {
            cause: cause.code(),
            setup: self.state.is_setup(),
        };
        // A peer whose tag is not known has nothing to abort.
        let is_known = self.peer_tag != 0;
        self.close(closed);
        if is_known {
            self.abort = Abort::ToSend(cause);
        }
    }

    /// The peer is given up although it could be told: T5 expired (9.2).
    pub(super) fn give_up(&mut self, cx: &mut Cx<'_>) {
        cx.stats.count(Counter::Aborteds);
        let setup = self.state.is_setup();
        self.close(Closed::TimedOut { setup });
        self.abort = Abort::ToSend(AbortCause::None);
    }

    /// Ends the association: no timer runs any more and no data is left to send. What was
    /// received, and what was not sent, can still be fetched.
    #[cold]
    pub(super) fn close(&mut self, why: Closed) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        self.notices.closed = Some(why);
        self.pending = Pending::NONE;
        self.timers.stop_all();
        self.reply = None;
        let sent = self.take_outstanding();
        self.failures.ended(why.cause(), sent, self.queue.restart());
        self.stop_heartbeats();
    }

    /// Goes on with a shutdown if nothing is left to wait for.
    pub(super) fn advance_shutdown(&mut self, cx: &mut Cx<'_>) {
        let is_ending = matches!(self.state, State::ShutdownPending | State::ShutdownReceived);
        if is_ending && self.give_up_unfinished(cx).is_err() {
            self.plan_sweep(cx.now.plus(SWEEP));
            return;
        }
        if !self.has_sent_all() {
            return;
        }
        match self.state {
            State::ShutdownPending => {
                self.state = State::ShutdownSent;
                self.pending.shutdown = true;
                self.control_to = self.active_path();
                self.stop_heartbeats();
                self.start_t2(cx);
                let guard = Duration(self.config.rto_max.0.saturating_mul(T5_FACTOR));
                self.timers.set(Timer::T5ShutdownGuard, cx.now.plus(guard));
            }
            State::ShutdownReceived => self.send_shutdown_ack(cx),
            State::CookieWait
            | State::CookieEchoed
            | State::Established
            | State::ShutdownSent
            | State::ShutdownAckSent
            | State::Closed => {}
        }
    }

    fn send_shutdown_ack(&mut self, cx: &mut Cx<'_>) {
        self.state = State::ShutdownAckSent;
        self.pending.shutdown = false;
        self.pending.shutdown_ack = true;
        self.timers.stop(Timer::Sack);
        self.stop_heartbeats();
        self.start_t2(cx);
    }

    pub(super) fn start_t2(&mut self, cx: &Cx<'_>) {
        let rto = self.control_rto();
        self.timers.set(Timer::T2Shutdown, cx.now.plus(rto));
    }

    #[cold]
    pub(super) fn on_shutdown(
        &mut self,
        cx: &mut Cx<'_>,
        chunk: &Chunk<'_>,
        incoming: &mut Incoming,
    ) -> Result<Next, Reason> {
        let cumulative = control::shutdown_tsn(chunk)?;
        if core::mem::replace(&mut incoming.has_shutdown, true) {
            return Ok(Next::Continue);
        }
        self.answer_to(incoming.path);
        match self.state {
            State::Established | State::ShutdownPending | State::ShutdownReceived => {
                if let Err(bad) = self.outstanding.prepare_cumulative(cumulative, cx.gfp) {
                    let next = self.refuse_sack(cx, bad)?;
                    if next == Next::Stop {
                        return Ok(next);
                    }
                } else {
                    self.acknowledge(cx, cumulative);
                }
                if self.state != State::ShutdownReceived {
                    self.state = State::ShutdownReceived;
                    self.notices.peer_shutdown = true;
                    self.timers.stop(Timer::Sack);
                }
                self.advance_shutdown(cx);
            }
            // Both began at the same time (9.2).
            State::ShutdownSent => self.send_shutdown_ack(cx),
            // The peer does not have our answer.
            State::ShutdownAckSent => self.pending.shutdown_ack = true,
            State::CookieWait | State::CookieEchoed | State::Closed => {}
        }
        Ok(Next::Continue)
    }

    #[cold]
    pub(super) fn on_shutdown_ack(&mut self, cx: &mut Cx<'_>, incoming: &Incoming) -> Next {
        cx.stats.count(Counter::Shutdowns);
        self.answer_to(incoming.path);
        self.close(Closed::Shutdown);
        self.pending.shutdown_complete = true;
        Next::Stop
    }

    #[cold]
    pub(super) fn on_shutdown_complete(&mut self, cx: &mut Cx<'_>) -> Next {
        cx.stats.count(Counter::Shutdowns);
        self.close(Closed::Shutdown);
        Next::Stop
    }

    #[cold]
    pub(super) fn on_abort(&mut self, cx: &mut Cx<'_>, chunk: &Chunk<'_>) -> Next {
        if self.state == State::ShutdownAckSent && chunk.is_reflected() {
            // Both sides have all data, and the peer has forgotten the association, as it does when
            // it sends SHUTDOWN COMPLETE: that was overtaken, or lost.
            return self.on_shutdown_complete(cx);
        }
        cx.stats.count(Counter::Aborteds);
        let cause = control::first_cause(chunk).map_or(0, |cause| cause.code);
        let setup = self.state.is_setup();
        // Without memory for it, the user is told the first cause only.
        let mut info = KVec::new();
        if info.extend_from_slice(chunk.value, cx.gfp).is_ok() {
            self.abort = Abort::Received(info);
        }
        self.close(Closed::PeerAborted { cause, setup });
        Next::Stop
    }

    /// Answers a SHUTDOWN ACK for an association that the peer had before this one (8.5.1 E).
    #[cold]
    pub(super) fn reflect_shutdown_complete(
        &mut self,
        cx: &mut Cx<'_>,
        pkt: &Packet<'_, B>,
        incoming: &Incoming,
    ) -> Result<Next, Reason> {
        let mut packet = PacketBuilder::new();
        self.start(cx, &mut packet, pkt.verification_tag(), MIN_MTU)
            .and_then(|()| Ok(packet.shutdown_complete(cx.gfp, true)?))
            .and_then(|()| self.reply(cx, packet, Way::Path(incoming.path)))
            .map_err(|_| Reason::NoMemory)?;
        cx.stats.count(Counter::OutCtrlChunks);
        Ok(Next::Stop)
    }
}
