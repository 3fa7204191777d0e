// SPDX-License-Identifier: GPL-2.0

//! What a SACK does to the sending side: RFC 9260, 6.2.1, 6.3.2, 7.2.

use super::{
    dispatch::{Incoming, Next},
    paths::path_ids,
    state::AbortCause,
    Association,
};
use crate::engine::{
    cc::{Acked, Algorithm},
    cx::{Cx, Payload},
    event::PathReason,
    path::PathId,
    pmtu::Pmtu,
    serial::Tsn,
    stats::{Counter, Reason},
    tx::outstanding::{BadSack, ChunkState, Summary},
    wire::{chunk::Chunk, sack::Sack},
};

impl<B: Payload> Association<B> {
    pub(super) fn on_sack(
        &mut self,
        cx: &mut Cx<'_>,
        chunk: &Chunk<'_>,
        incoming: &mut Incoming,
    ) -> Result<Next, Reason> {
        let sack = Sack::parse(chunk)?;
        cx.stats.count(Counter::InSacks);
        if core::mem::replace(&mut incoming.has_sack, true) {
            return Ok(Next::Continue);
        }
        let cumulative = sack.cumulative_tsn_ack;
        match self.outstanding.prepare(cumulative, sack.gaps(), cx.gfp) {
            Ok(()) => {
                cx.stats
                    .add(Counter::InGapAckBlocks, sack.gaps().count() as u64);
                self.set_peer_a_rwnd(sack.a_rwnd);
                self.heard_sack();
                for tsn in sack.duplicates() {
                    self.note_duplicate(tsn);
                }
                self.acknowledge(cx, cumulative);
                self.resume_after_probe();
                Ok(Next::Continue)
            }
            Err(bad) => self.refuse_sack(cx, bad),
        }
    }

    /// If the window has room now for a probe that the peer has thrown away, the probe goes again
    /// at once: until T3-rtx expires may take a minute by now. Nothing was lost on the way, so
    /// congestion control has nothing to do with it, and the back-off is over.
    fn resume_after_probe(&mut self) {
        let Some(tsn) = self.window_probe else { return };
        let Some(chunk) = self.outstanding.get(tsn) else {
            self.window_probe = None;
            return;
        };
        let (id, len) = (chunk.path, chunk.len());
        let is_alone = chunk.state == ChunkState::InFlight && self.outstanding.flight_count() == 1;
        if !is_alone || (self.peer_a_rwnd as usize) < len {
            return;
        }
        self.window_probe = None;
        self.lose_in_flight(id);
        if let Some(path) = self.path_mut(id) {
            path.loss_timer = None;
            path.after_timeout = false;
            path.rto.end_back_off();
        }
    }

    /// What is wrong with a SACK, or with the cumulative TSN ack of a SHUTDOWN.
    #[cold]
    pub(super) fn refuse_sack(&mut self, cx: &mut Cx<'_>, bad: BadSack) -> Result<Next, Reason> {
        match bad {
            // It was overtaken by another one.
            BadSack::Old => Ok(Next::Continue),
            // Whoever acknowledges what was not sent wants something to be sent to somebody
            // (RFC 5062, 5).
            BadSack::NeverSent => {
                let what = "acknowledgement of a TSN that was never sent";
                self.abort_with(cx, AbortCause::ProtocolViolation(what));
                Ok(Next::Stop)
            }
            BadSack::NoMemory => Err(Reason::NoMemory),
        }
    }

    /// A SACK came, whatever it says: the peer is there, though its window may be closed.
    fn heard_sack(&mut self) {
        for path in &mut self.paths {
            path.probe_answered = true;
        }
    }

    /// Applies the acknowledgement that the outstanding queue has prepared.
    pub(super) fn acknowledge(&mut self, cx: &mut Cx<'_>, cumulative: Tsn) {
        let mut summary = Summary::default();
        self.outstanding.apply(cumulative, cx.now, &mut summary);
        if summary.progress {
            self.errors = 0;
        }
        self.burst_credit = match self.config.congestion_control {
            Algorithm::Reno => 0,
            Algorithm::Cubic => {
                let paths = summary.paths.iter().take(self.paths.len());
                let freed = paths.map(|path| path.left_flight);
                u32::try_from(freed.fold(0, usize::saturating_add)).unwrap_or(u32::MAX)
            }
        };
        for id in path_ids(self.paths.len()) {
            self.acknowledge_path(cx, id, &summary);
            self.recover_path(cx, id, cumulative, &summary);
        }
        self.restart_t3(cx, &summary);
        self.set_loss_timers(cx);
        self.forward_after_sack(summary.cumulative_advanced);
    }

    /// What was acknowledged on a path.
    fn acknowledge_path(&mut self, cx: &Cx<'_>, id: PathId, summary: &Summary) {
        let (Some(path), Some(done)) = (
            self.paths.get_mut(id.index()),
            summary.paths.get(id.index()),
        ) else {
            return;
        };
        let flight_before = path.flight;
        path.leave_flight(done.left_flight);
        path.flight = path.flight.saturating_add(done.reneged);
        if let Some(probe) = path.rtt_probe {
            if self.outstanding.is_acked(probe.tsn) {
                path.rto.measured(cx.now.since(probe.sent));
                path.rtt_probe = None;
            }
        }
        let outstanding = &self.outstanding;
        path.pmtu
            .on_sack(done.acked > 0, |tsn| outstanding.is_acked(tsn), |_| false);
        if done.proven {
            if let Some(change) = path.proven(cx.now, PathReason::Sack) {
                self.notices.paths.push(id, change);
            }
        }
        if done.acked > 0 {
            path.after_timeout = false;
            path.cc.on_sack(&Acked {
                now: cx.now,
                srtt: path.rto.srtt(),
                bytes: done.acked,
                flight_before,
                cumulative_advanced: summary.cumulative_advanced,
                all_acked: path.flight == 0,
                in_recovery: path.recovery.is_some(),
            });
        }
    }

    /// A path whose earliest chunk was acknowledged gets its full time again (6.3.2, R3). If the
    /// cumulative TSN did not move, what holds it up is on another path than this one.
    fn restart_t3(&mut self, cx: &Cx<'_>, summary: &Summary) {
        let holder = self
            .outstanding
            .get(self.outstanding.cumulative_tsn_ack().next())
            .map(|chunk| chunk.path.index());
        for (i, (path, done)) in self.paths.iter_mut().zip(&summary.paths).enumerate() {
            if path.flight == 0 {
                path.t3_rtx = None;
            } else if path.t3_rtx.is_none()
                || done.cumulative
                || (done.left_flight > 0 && holder != Some(i))
            {
                path.start_t3(cx.now);
            }
        }
    }

    /// T3-rtx of a path expired (6.3.3, 7.2.3).
    #[cold]
    pub(super) fn on_t3(&mut self, cx: &mut Cx<'_>, id: PathId) {
        cx.stats.count(Counter::T3RtxExpireds);
        self.lose_in_flight(id);
        let is_window_probe = self.window_probe.is_some();
        let Some(path) = self.paths.get_mut(id.index()) else {
            return;
        };
        path.after_timeout = true;
        path.timeout_spent = false;
        if self.state.is_setup() {
            // It went with a COOKIE ECHO, which T1-cookie looks after.
            return;
        }
        path.rto.back_off();
        // A peer whose window is closed does not acknowledge a probe; while it says so, it is
        // alive (6.1, A), and nothing was lost on the way.
        let answered = core::mem::take(&mut path.probe_answered);
        path.end_recovery();
        if !(is_window_probe && answered) {
            path.cc.on_timeout();
            path.with_pmtu(Pmtu::on_t3);
            self.strike(cx, id);
        }
    }
}
