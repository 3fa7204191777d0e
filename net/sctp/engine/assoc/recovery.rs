// SPDX-License-Identifier: GPL-2.0

//! Losses that are found before T3-rtx expires: RFC 9260, 7.2.4; RFC 8985.
//!
//! A tail loss probe (RFC 8985, 7) differs from that RFC's in three ways. It is always what was sent
//! last on its path, never new DATA that cwnd holds back, so that a path does not exceed its window
//! by probes. It is sent in Fast Recovery, too: there, a lost retransmission with nothing behind it
//! is a lost tail as well. And it leaves T3-rtx as it is, so that a path that is dead is left as soon
//! as without it.

use super::Association;
use crate::engine::{
    config::LossDetection,
    cx::{Cx, Payload},
    path::{LossTimer, Path, PathId},
    serial::Tsn,
    stats::Counter,
    time::Duration,
    tx::outstanding::{Outstanding, Overdue, Summary},
};

/// How long a peer may wait with a SACK (RFC 9260, 6.2). One that waits for longer than both this and
/// what is set here gets a probe for nothing.
const PEER_SACK_DELAY: Duration = Duration::from_millis(200);

impl<B: Payload> Association<B> {
    /// Takes all that is in flight on a path for lost, so that nothing is waited for there, and says
    /// how many wire bytes that was.
    pub(super) fn lose_in_flight(&mut self, id: PathId) -> usize {
        let bytes = self.outstanding.lose_path(id);
        if let Some(path) = self.path_mut(id) {
            path.leave_flight(bytes);
            path.rtt_probe = None;
            path.t3_rtx = None;
        }
        bytes
    }

    /// After a SACK: looks for losses on a path, and enters and leaves Fast Recovery there.
    pub(super) fn recover_path(
        &mut self,
        cx: &Cx<'_>,
        id: PathId,
        cumulative: Tsn,
        summary: &Summary,
    ) {
        let (Some(path), Some(done)) = (
            self.paths.get_mut(id.index()),
            summary.paths.get(id.index()),
        ) else {
            return;
        };
        let found = match self.config.loss_detection {
            LossDetection::MissingReports => {
                let is_partial = path.recovery.is_some() && summary.cumulative_advanced;
                let newly_acked = done.highest_newly_acked;
                let lost = self.outstanding.report_missing(id, newly_acked, is_partial);
                Overdue {
                    lost,
                    ..Overdue::default()
                }
            }
            LossDetection::Rack => {
                let (srtt, since) = (path.rto.srtt(), path.recovery.map(|r| r.since));
                self.outstanding.find_overdue(id, cx.now, srtt, since)
            }
        };
        if path.tail_probe.is_some_and(|tsn| tsn.is_before(cumulative)) {
            // What came after a tail loss probe has arrived, and nothing arrived twice: the probe
            // has repaired a loss, for which the window is reduced as for any other (RFC 8985,
            // 7.4.2).
            path.enter_recovery(self.outstanding.next_tsn().minus(1), false, cx.now);
        }
        if path.recovery.is_some_and(|r| !cumulative.is_before(r.exit)) {
            path.recovery = None;
            self.outstanding.note_recovery();
        }
        self.lose_overdue(cx, id, &found);
    }

    /// Takes note of what was found to be lost, and of when to look again.
    fn lose_overdue(&mut self, cx: &Cx<'_>, id: PathId, found: &Overdue) {
        let Some(path) = self.paths.get_mut(id.index()) else {
            return;
        };
        path.loss_timer = found.look_again.map(|at| (at, LossTimer::Reordering));
        if found.lost == 0 {
            return;
        }
        path.leave_flight(found.lost);
        Self::forget_samples(path, &self.outstanding);
        cx.stats.count(Counter::FastRetransmits);
        let exit = self.outstanding.next_tsn().minus(1);
        path.enter_recovery(exit, found.is_second_loss, cx.now);
        path.fast_retransmit = true;
    }

    /// What is lost measures neither a round trip nor an MTU.
    fn forget_samples(path: &mut Path, outstanding: &Outstanding<B>) {
        path.rtt_probe = path
            .rtt_probe
            .filter(|probe| !outstanding.is_lost(probe.tsn));
        path.pmtu
            .on_sack(false, |_| false, |tsn| outstanding.is_lost(tsn));
    }

    /// The peer got a TSN twice.
    pub(super) fn note_duplicate(&mut self, tsn: Tsn) {
        self.outstanding.note_duplicate();
        for path in &mut self.paths {
            // The probe and what it repeats have both arrived.
            path.tail_probe = path.tail_probe.filter(|probe| *probe != tsn);
        }
    }

    /// Sets the probe timers of all paths on which something is in flight.
    pub(super) fn set_loss_timers(&mut self, cx: &Cx<'_>) {
        for i in 0..self.paths.len() {
            if let Ok(i) = u8::try_from(i) {
                self.set_tail_probe(cx, PathId(i));
            }
        }
    }

    /// Sets the time of a tail loss probe, if one may be sent: PTO (RFC 8985, 7.2).
    pub(super) fn set_tail_probe(&mut self, cx: &Cx<'_>, id: PathId) {
        let may_probe = match self.config.loss_detection {
            LossDetection::MissingReports => false,
            // A peer whose window is closed does not acknowledge what probes that.
            LossDetection::Rack => self.window_probe.is_none() && !self.state.is_setup(),
        };
        let acked = self.outstanding.cumulative_tsn_ack();
        let delay = self.config.sack_delay.max(PEER_SACK_DELAY);
        let Some(path) = self.paths.get_mut(id.index()) else {
            return;
        };
        if let Some((_, LossTimer::Reordering)) = path.loss_timer {
            return;
        }
        path.loss_timer = None;
        // One probe, then it is up to T3-rtx.
        let is_probing = path.tail_probe.is_some_and(|tsn| tsn.is_after(acked));
        let srtt = path.rto.srtt();
        if !may_probe || is_probing || path.after_timeout || srtt == Duration::ZERO {
            return;
        }
        let Some(t3) = path.t3_rtx.filter(|_| path.flight > 0) else {
            return;
        };
        // A single packet the peer may take its time to acknowledge.
        let wait = if path.flight <= path.mtu() {
            srtt.doubled().plus(delay)
        } else {
            srtt.doubled()
        };
        let at = cx.now.plus(wait);
        // An answer has to come before T3-rtx expires.
        if at.plus(srtt.doubled()) < t3 {
            path.loss_timer = Some((at, LossTimer::TailProbe));
        }
    }

    #[cold]
    pub(super) fn on_loss_timer(&mut self, cx: &Cx<'_>, id: PathId, timer: LossTimer) {
        match timer {
            LossTimer::Reordering => {
                let Some(path) = self.path(id) else { return };
                let (srtt, since) = (path.rto.srtt(), path.recovery.map(|r| r.since));
                let found = self.outstanding.find_overdue(id, cx.now, srtt, since);
                self.lose_overdue(cx, id, &found);
                if let Some(path) = self.path_mut(id).filter(|p| p.flight == 0) {
                    path.t3_rtx = None;
                }
                self.set_tail_probe(cx, id);
            }
            LossTimer::TailProbe => self.probe_tail(cx, id),
        }
    }

    fn probe_tail(&mut self, cx: &Cx<'_>, id: PathId) {
        let Some((tsn, bytes)) = self.outstanding.lose_newest(id, cx.now) else {
            return;
        };
        let Some(path) = self.paths.get_mut(id.index()) else {
            return;
        };
        path.leave_flight(bytes);
        Self::forget_samples(path, &self.outstanding);
        path.fast_retransmit = true;
        path.tail_probe = Some(tsn);
    }
}
