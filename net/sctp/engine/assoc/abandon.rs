// SPDX-License-Identifier: GPL-2.0

//! Giving messages up: RFC 3758, 3.5, for the reasons of its section 4 and of RFC 7496, 4.
//!
//! Whether a message is worth it is asked before each transmission of one of its chunks, not in
//! between: what is in flight may arrive. A message is given up as a whole, also what of it has
//! arrived or was not yet sent. What was not sent at all simply leaves the queue, whether or not
//! the peer knows FORWARD TSN (RFC 9260, 11.1.5); as soon as its time is over, for others wait for
//! its room in the send buffer.
//!
//! Costs: a message costs its chunks, once. A FORWARD TSN costs what it skips, and is made when
//! something new is to be skipped, not for each SACK. The queue is walked over when the time of
//! something in it is over, at most once in [`SWEEP`], and for a user who asks for room.
//!
//! Invariants: while the first outstanding chunk is abandoned, a FORWARD TSN is to be sent, or its
//! timer runs; while a message waits whose time will be over, the timer for that runs.

use super::{
    state::{AbortCause, Timer},
    Association,
};
use crate::engine::{
    cx::{Cx, Payload},
    env::{AllocError, KVec},
    event::Failure,
    path::PathId,
    serial::Tsn,
    stats::Counter,
    time::{Duration, Time},
    tx::{
        abandoned::AbandonedCounts,
        outstanding::abandon::Span,
        send_queue::{Fate, Unfinished},
        Policy,
    },
    wire::{
        builder::{BuildError, PacketBuilder},
        cause,
        data::DataHeader,
    },
};

/// SACKs that do not know of a FORWARD TSN until it is taken for lost.
const MISSING_REPORTS: u8 = 3;

/// How long the queue is not walked over again for messages whose time is over.
pub(super) const SWEEP: Duration = Duration::from_millis(10);

/// What there is to be told about what was given up.
pub(super) struct Forward {
    /// A FORWARD TSN is to be sent.
    pub(super) due: bool,
    /// Where the last one was sent that is not acknowledged.
    path: Option<PathId>,
    /// SACKs since then that did not move the cumulative TSN.
    reports: u8,
}

impl Forward {
    pub(super) const fn new() -> Self {
        Self {
            due: false,
            path: None,
            reports: 0,
        }
    }
}

#[allow(dead_code)]
impl<B: Payload> Association<B> {
    pub(crate) fn abandoned(&self) -> &AbandonedCounts {
        &self.abandoned
    }

    /// Gives up what has to be before anything is put into a packet: lost chunks from the first
    /// one on, and messages at the front of the queue.
    pub(super) fn abandon_due(&mut self, cx: &mut Cx<'_>) -> Result<(), AllocError> {
        if !self.state.may_send_data() {
            return Ok(());
        }
        let first = self.outstanding.cumulative_tsn_ack().next();
        while let Some(tsn) = self.outstanding.next_lost(first) {
            if !self.abandon_lost(cx, tsn)? {
                break;
            }
        }
        self.abandon_queued(cx)
    }

    /// Gives up the message of a lost chunk if it is not worth to be sent again, and says so.
    #[cold]
    pub(super) fn abandon_lost(&mut self, cx: &mut Cx<'_>, tsn: Tsn) -> Result<bool, AllocError> {
        let Some(chunk) = self.outstanding.get(tsn) else {
            return Ok(false);
        };
        let policy = chunk.policy;
        if !self.is_forward_tsn_supported || !policy.gives_up(cx.now, chunk.retransmissions) {
            return Ok(false);
        }
        self.abandon(cx, self.outstanding.message(tsn), policy)?;
        Ok(true)
    }

    /// Gives up messages at the front of the queue whose time is over, or for whose stream the peer
    /// has no room: it has agreed to fewer than were asked for.
    pub(super) fn abandon_queued(&mut self, cx: &mut Cx<'_>) -> Result<(), AllocError> {
        while let Some(front) = self.queue.front() {
            let (stream, policy) = (front.stream, front.policy);
            if stream >= self.out_streams {
                self.drop_front(cx, Failure::BadStream)?;
                continue;
            }
            if !policy.is_over(cx.now) {
                break;
            }
            if self.queue.begun().is_none() {
                self.drop_front(cx, Failure::Abandoned)?;
                self.abandoned.count(stream, policy, false, cx.gfp);
            } else if self.is_forward_tsn_supported {
                self.abandon_begun(cx, policy)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Gives up what was not sent of the first message, and says how many bytes of memory that was.
    #[cold]
    fn drop_front(&mut self, cx: &Cx<'_>, why: Failure) -> Result<usize, AllocError> {
        self.queue.drop_front(why, cx.gfp, &mut self.failures)
    }

    /// A message waits that is not worth it later than `until`.
    pub(super) fn plan_sweep(&mut self, until: Time) {
        let planned = self.timers.get(Timer::Lifetime);
        let at = planned.map_or(until, |planned| planned.min(until));
        self.timers.set(Timer::Lifetime, at);
    }

    /// The time of something in the queue is over.
    pub(super) fn sweep(&mut self, cx: &mut Cx<'_>) {
        let at_front = match self.state.may_send_data() {
            true => self.abandon_queued(cx),
            false => Ok(()),
        };
        let now = cx.now;
        let unsent = self.drop_unsent(cx, |policy| policy.is_over(now), usize::MAX);
        let next = match (at_front, unsent) {
            (Ok(()), Ok(_)) => self.queue.next_deadline(now),
            // Without memory it is tried again.
            (Err(AllocError), _) | (_, Err(AllocError)) => Some(now),
        };
        if let Some(next) = next {
            self.timers.set(Timer::Lifetime, next.max(now.plus(SWEEP)));
        }
        self.advance_shutdown(cx);
    }

    /// Gives up messages of which nothing was sent, until `wanted` bytes of memory are free, and
    /// says how many that was.
    fn drop_unsent(
        &mut self,
        cx: &Cx<'_>,
        is_meant: impl Fn(Policy) -> bool,
        wanted: usize,
    ) -> Result<usize, AllocError> {
        let (gfp, abandoned) = (cx.gfp, &mut self.abandoned);
        let failures = &mut self.failures;
        (self.queue).drop_unsent(is_meant, wanted, gfp, failures, |message| {
            abandoned.count(message.stream, message.policy, false, gfp);
        })
    }

    /// Gives up the message that was begun.
    #[cold]
    fn abandon_begun(&mut self, cx: &mut Cx<'_>, policy: Policy) -> Result<(), AllocError> {
        // If nothing of it is outstanding, there may be something of another one.
        let last = self.outstanding.next_tsn().minus(1);
        let span = self.outstanding.message(last).filter(|span| !span.is_whole);
        self.abandon(cx, span, policy).map(|_| ())
    }

    /// Gives up a message of which something was sent: what `span` has of it, and what of it is in
    /// the queue. Says how many bytes of memory that was. Without memory nothing changes.
    fn abandon(
        &mut self,
        cx: &mut Cx<'_>,
        span: Option<Span>,
        policy: Policy,
    ) -> Result<usize, AllocError> {
        // A message that is not whole here is the one that was begun last.
        let rest = match span {
            Some(span) if span.is_whole => None,
            Some(_) | None => self.queue.begun().copied(),
        };
        if rest.is_some() {
            self.outstanding.reserve(self.paths.len(), cx.gfp)?;
        }
        // The chunks, and the rest.
        let chunks = span.map_or(0, |span| span.last.since(span.first) as usize);
        let parts = rest.map_or(0, |_| self.queue.front_parts());
        let count = chunks.saturating_add(1).saturating_add(parts);
        self.failures.reserve(count, cx.gfp)?;
        let mut bytes = 0_usize;
        if let Some(span) = span {
            self.abandoned.count(span.stream, policy, true, cx.gfp);
            for i in 0..=span.last.since(span.first) {
                bytes = bytes.saturating_add(self.abandon_chunk(span.first.plus(i)));
            }
        }
        if let Some(rest) = rest {
            if span.is_none() {
                self.abandoned.count(rest.stream, policy, true, cx.gfp);
            }
            // There is room.
            let dropped = self.drop_front(cx, Failure::Abandoned);
            bytes = bytes.saturating_add(dropped.unwrap_or(0));
            self.outstanding.abandon_end(DataHeader {
                tsn: self.outstanding.next_tsn(),
                stream: rest.stream,
                ssn: rest.ssn,
                ppid: rest.ppid,
                unordered: rest.unordered,
                begin: false,
                end: true,
                immediate: false,
            });
        }
        self.after_abandon();
        Ok(bytes)
    }

    fn abandon_chunk(&mut self, tsn: Tsn) -> usize {
        let Some(dropped) = self.outstanding.abandon(tsn) else {
            return 0;
        };
        if let Some(path) = self.path_mut(dropped.path) {
            path.leave_flight(dropped.left_flight);
        }
        for path in &mut self.paths {
            path.rtt_probe = path.rtt_probe.filter(|probe| probe.tsn != tsn);
            path.tail_probe = path.tail_probe.filter(|probe| *probe != tsn);
        }
        self.window_probe = self.window_probe.filter(|probe| *probe != tsn);
        self.last_short = self.last_short.filter(|last| *last != tsn);
        let bytes = dropped.failed.payload.truesize();
        self.failures.push_reserved(dropped.failed);
        bytes
    }

    /// Nothing may wait for what is not there any more.
    fn after_abandon(&mut self) {
        let is_any_lost = self.outstanding.lost_count() > 0;
        for path in &mut self.paths {
            if path.flight == 0 {
                path.t3_rtx = None;
                path.loss_timer = None;
                path.timeout_spent = false;
            }
            path.fast_retransmit &= is_any_lost;
        }
        self.forward.due |= self.outstanding.is_forward_due();
    }

    /// Nobody will finish the message that the user has begun. If the peer has a part of it and
    /// cannot be told that the rest will not come, there is nothing left but an ABORT. Without memory
    /// nothing changes.
    #[cold]
    pub(super) fn give_up_unfinished(&mut self, cx: &mut Cx<'_>) -> Result<(), AllocError> {
        let Some(Unfinished {
            stream,
            policy,
            fate,
            ..
        }) = self.queue.unfinished().copied()
        else {
            return Ok(());
        };
        match fate {
            Fate::GivenUp(_) => {}
            Fate::Waits(_) => {
                let why = Failure::Abandoned;
                (self.queue).drop_unfinished(why, cx.gfp, &mut self.failures)?;
                self.abandoned.count(stream, policy, false, cx.gfp);
            }
            Fate::Begun if self.is_forward_tsn_supported => {
                self.abandon_begun(cx, policy)?;
            }
            Fate::Begun => {
                let cause = cause::USER_INITIATED_ABORT;
                self.abort_with(cx, AbortCause::Other(cause, KVec::new()));
            }
        }
        Ok(())
    }

    /// Gives up messages that are less important than one with `policy`, until `wanted` bytes of
    /// memory are free or there are none, and says how many that was (RFC 7496, 3.2). First those
    /// of which nothing was sent; of either sort the oldest.
    pub(crate) fn make_room(&mut self, cx: &mut Cx<'_>, wanted: usize, policy: Policy) -> usize {
        self.begin_input();
        // What is sent while a message is not finished is a part of that.
        let policy = self.queue.unfinished().map_or(policy, |m| m.policy);
        let unsent = self.drop_unsent(cx, |queued| queued.is_below(policy), wanted);
        // Without memory there is no room.
        let mut freed = unsent.unwrap_or(0);
        if !self.is_forward_tsn_supported || !self.state.may_send_data() {
            return freed;
        }
        let mut tsn = self.outstanding.cumulative_tsn_ack().next();
        while freed < wanted {
            let Some(below) = self.outstanding.next_below(tsn, policy) else {
                break;
            };
            let Some(span) = self.outstanding.message(below) else {
                break;
            };
            let own = self.outstanding.get(below).map(|chunk| chunk.policy);
            let own = own.unwrap_or_default();
            let Ok(bytes) = self.abandon(cx, Some(span), own) else {
                break;
            };
            freed = freed.saturating_add(bytes);
            tsn = span.last.next();
        }
        self.advance_shutdown(cx);
        freed
    }

    /// A SACK was applied, `advanced` is whether it moved the cumulative TSN.
    pub(super) fn forward_after_sack(&mut self, advanced: bool) {
        let is_due = self.outstanding.is_forward_due();
        if advanced {
            self.forward.reports = 0;
            self.forward.path = None;
            self.forward.due = is_due;
        } else if is_due && !self.forward.due {
            self.forward.reports = self.forward.reports.saturating_add(1);
            self.forward.due = self.forward.reports >= MISSING_REPORTS;
        }
        if !is_due {
            self.timers.stop(Timer::ForwardTsn);
        }
    }

    /// Where a FORWARD TSN is sent: as DATA that is sent again, elsewhere if there was no answer
    /// (C5).
    pub(super) fn forward_path(&self) -> PathId {
        let last = self.forward.path.unwrap_or_else(|| self.active_path());
        self.retransmit_path(last)
    }

    /// The last FORWARD TSN was not acknowledged: as with DATA (RFC 3758, 3.5, C5).
    pub(super) fn on_forward_timer(&mut self, cx: &mut Cx<'_>) {
        cx.stats.count(Counter::T3RtxExpireds);
        self.forward.due = true;
        let Some(id) = self.forward.path else { return };
        // If there is DATA in flight, its own timer says the same.
        let Some(path) = self.path_mut(id).filter(|p| p.flight == 0) else {
            return;
        };
        path.rto.back_off();
        self.strike(cx, id);
    }

    #[cold]
    pub(super) fn put_forward_tsn(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
        id: PathId,
    ) -> Result<(), AllocError> {
        if !self.state.may_send_data() {
            return Ok(());
        }
        let mut skipped = KVec::new();
        let Some(point) = self.outstanding.forward_point(&mut skipped, cx.gfp)? else {
            self.forward.due = false;
            return Ok(());
        };
        match out.forward_tsn(cx.gfp, point, skipped.iter().copied()) {
            Ok(()) => {}
            // In the next one there is.
            Err(BuildError::NoRoom) => return Ok(()),
            Err(BuildError::NoMemory) => return Err(AllocError),
        }
        self.forward.due = false;
        self.forward.path = Some(id);
        self.forward.reports = 0;
        let rto = self
            .path(id)
            .map_or(self.config.rto_initial, |p| p.rto.get());
        self.timers.set(Timer::ForwardTsn, cx.now.plus(rto));
        cx.stats.count(Counter::OutCtrlChunks);
        Ok(())
    }
}
