// SPDX-License-Identifier: GPL-2.0

//! Which of the chunks in flight are lost: RFC 9260, 6.3.3 and 7.2.4; RFC 8985.
//!
//! Each path is judged by itself (SFR-CACC): what was sent to one address says nothing about what
//! was sent to another one, or a change of the primary path, where packets overtake each other,
//! would look like many losses.
//!
//! Missing reports are not counted per chunk. TSNs are first sent in ascending order, so the SACKs
//! that count against a TSN are those whose highest newly acknowledged TSN of the same path is
//! beyond it. The third highest such TSN ever seen is therefore a frontier: everything in flight on
//! the path before it was reported missing three times. A frontier only moves forward, and a TSN is
//! looked at once for each path, when the frontier of that passes it.
//!
//! RACK (RFC 8985) looks at times instead. If what was sent later has arrived, what was sent before
//! it is lost as soon as it is later than that by a reordering window. So it finds lost
//! retransmissions, too, and losses with little behind them, and it learns how much packets
//! overtake each other. It looks at the oldest chunks of a path only, until one is not lost.

use super::{Chunk, ChunkState, Outstanding};
use crate::engine::{
    cx::Payload,
    path::PathId,
    serial::Tsn,
    time::{Duration, Time},
};

/// How often a TSN has to be reported missing before it is taken for lost (7.2.4).
const MISSING_REPORTS: usize = 3;

/// How long an enlarged reordering window is kept, in recoveries (RFC 8985, 6.2, step 4).
const WINDOW_PERSISTS: u8 = 16;

/// The chunk that was sent last of all those of a path that have arrived.
#[derive(Clone, Copy, Debug)]
struct Delivered {
    order: u64,
    /// How long it took until its SACK came.
    rtt: Duration,
}

/// By how much the reordering windows of all paths are enlarged, because the peer got chunks twice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    /// In quarters of the shortest round trip.
    quarters: u64,
    /// Recoveries until it ends.
    persists: u8,
    /// It is enlarged at most once per round trip: until this TSN is acknowledged.
    until: Tsn,
    /// Whether anything was retransmitted since: else a duplicate is not this side's doing.
    is_suspect: bool,
}

impl Tolerance {
    pub(super) const fn new(first: Tsn) -> Self {
        Self {
            quarters: 1,
            persists: 0,
            until: first,
            is_suspect: false,
        }
    }

    pub(super) fn note_retransmission(&mut self) {
        self.is_suspect = true;
    }
}

/// What RACK has found on a path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Overdue {
    /// Wire bytes that are lost.
    pub(crate) lost: usize,
    /// Whether there are retransmissions of the current recovery among them.
    pub(crate) is_second_loss: bool,
    /// When to look again, if no SACK comes before.
    pub(crate) look_again: Option<Time>,
}

/// The chunks that are in flight on one path, and what SACKs have told about them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    /// The ends of a list in the order in which they were last sent. Its links are in the chunks,
    /// so that a chunk leaves it in constant time and nothing is allocated for it.
    oldest: Option<Tsn>,
    newest: Option<Tsn>,
    /// The highest TSN that was acknowledged.
    highest_acked: Tsn,
    /// The highest TSNs that SACKs newly acknowledged, highest first.
    reports: [Tsn; MISSING_REPORTS],
    /// Everything before has been looked at for missing reports.
    frontier: Tsn,
    delivered: Option<Delivered>,
    min_rtt: Option<Duration>,
    /// Chunks of this path that are acknowledged by gap blocks, and how many SACKs in a row came
    /// while there were any.
    acked: u32,
    sacks: u32,
    /// Whether chunks were seen to arrive later than others that were sent after them.
    reorders: bool,
}

impl Lane {
    /// Nothing was reported yet; `first` is the first TSN that can be.
    pub(super) const fn new(first: Tsn) -> Self {
        Self {
            oldest: None,
            newest: None,
            highest_acked: first.minus(1),
            reports: [first.minus(1); MISSING_REPORTS],
            frontier: first,
            delivered: None,
            min_rtt: None,
            acked: 0,
            sacks: 0,
            reorders: false,
        }
    }

    /// Something is sent while nothing is in flight. What was reported before is not about that.
    fn begin(&mut self, first: Tsn) {
        *self = Self {
            acked: self.acked,
            min_rtt: self.min_rtt,
            reorders: self.reorders,
            ..Self::new(first)
        };
        self.oldest = Some(first);
    }

    /// A chunk is newly acknowledged, by a gap block or else.
    pub(super) fn note_acked<B>(&mut self, chunk: &Chunk<B>, now: Time) {
        let tsn = chunk.header.tsn;
        self.acked = self.acked.saturating_add(1);
        if tsn.is_after(self.highest_acked) {
            self.highest_acked = tsn;
        } else if !chunk.retransmitted {
            self.reorders = true;
        }
        if chunk.state != ChunkState::InFlight || chunk.was_acked {
            return;
        }
        let rtt = now.since(chunk.sent);
        if !chunk.retransmitted {
            self.min_rtt = Some(self.min_rtt.map_or(rtt, |min| min.min(rtt)));
        } else if self.min_rtt.is_some_and(|min| rtt < min) {
            // It is the first transmission that has arrived.
            return;
        }
        if self.delivered.is_none_or(|last| last.order < chunk.order) {
            let order = chunk.order;
            self.delivered = Some(Delivered { order, rtt });
        }
    }

    /// A chunk that was acknowledged is not in the ring any more, or not acknowledged any more.
    pub(super) fn forget_acked(&mut self) {
        self.acked = self.acked.saturating_sub(1);
    }

    /// A SACK was applied that has newly acknowledged something here.
    pub(super) fn note_sack(&mut self) {
        self.sacks = if self.acked == 0 {
            0
        } else {
            self.sacks.saturating_add(1)
        };
    }

    /// By how much a chunk may be later than those that were sent after it (RFC 8985, 6.2, step 4).
    fn reordering_window(&self, quarters: u64, srtt: Duration, in_recovery: bool) -> Duration {
        if !self.reorders && (in_recovery || self.sacks as usize >= MISSING_REPORTS) {
            return Duration::ZERO;
        }
        let quarter = self.min_rtt.unwrap_or(srtt).0 / 4;
        Duration(quarter.saturating_mul(quarters)).min(srtt)
    }

    fn count_report(&mut self, mut tsn: Tsn) {
        // Sorted insertion; the lowest falls out. Equal ones count each.
        for slot in &mut self.reports {
            if !tsn.is_before(*slot) {
                core::mem::swap(slot, &mut tsn);
            }
        }
    }

    /// What the frontier is to pass now.
    fn advance(&mut self, first: Tsn) -> Option<(Tsn, Tsn)> {
        let until = *self.reports.last()?;
        let from = if self.frontier.is_before(first) {
            first
        } else {
            self.frontier
        };
        self.frontier = if from.is_before(until) { until } else { from };
        Some((from, self.frontier))
    }
}

impl<B: Payload> Outstanding<B> {
    /// Counts the last SACK against the chunks of a path (7.2.4) and gives the wire bytes that are
    /// found lost by that. In Fast Recovery a SACK that moves the cumulative TSN, `is_partial`,
    /// counts against all that it leaves out, not only up to what it newly acknowledges.
    pub(crate) fn report_missing(
        &mut self,
        path: PathId,
        newly_acked: Option<Tsn>,
        is_partial: bool,
    ) -> usize {
        let first = self.first;
        let last = self
            .acked()
            .last()
            .map_or(first.minus(1), |range| range.last);
        let Some(lane) = self.lanes.get_mut(path.index()) else {
            return 0;
        };
        let report = if is_partial {
            Some(if lane.highest_acked.is_after(last) {
                last
            } else {
                lane.highest_acked
            })
        } else {
            newly_acked
        };
        let Some(report) = report else {
            return 0;
        };
        lane.count_report(report);
        let Some((from, until)) = lane.advance(first) else {
            return 0;
        };
        let mut bytes = 0_usize;
        for offset in 0..until.since(from) {
            let tsn = from.plus(offset);
            let i = self.index(tsn);
            let Some(chunk) = self.chunks.get_mut(i) else {
                break;
            };
            let is_eligible = chunk.state == ChunkState::InFlight && !chunk.fast_retransmitted;
            if chunk.path == path && is_eligible {
                chunk.fast_retransmitted = true;
                bytes = bytes.saturating_add(self.lose(tsn));
            }
        }
        bytes
    }

    /// Looks for chunks of a path that should have arrived by now. `recovering` is since when the
    /// path is in Fast Recovery, if it is.
    pub(crate) fn find_overdue(
        &mut self,
        path: PathId,
        now: Time,
        srtt: Duration,
        recovering: Option<Time>,
    ) -> Overdue {
        let mut found = Overdue::default();
        let quarters = self.tolerance.quarters;
        while let Some(lane) = self.lanes.get(path.index()) {
            let Some(last) = lane.delivered else { break };
            let window = lane.reordering_window(quarters, srtt, recovering.is_some());
            let Some((tsn, chunk)) = lane.oldest.and_then(|tsn| Some((tsn, self.get(tsn)?))) else {
                break;
            };
            if chunk.order > last.order {
                break;
            }
            let due = chunk.sent.plus(last.rtt).plus(window);
            if due > now {
                found.look_again = Some(due);
                break;
            }
            let is_second = recovering.is_some_and(|since| chunk.sent >= since);
            found.is_second_loss |= is_second && chunk.retransmitted;
            let lost = self.lose(tsn);
            if lost == 0 {
                break;
            }
            found.lost = found.lost.saturating_add(lost);
        }
        found
    }

    /// The peer says that it got something twice. If that was a retransmission, it was needless, and
    /// what looked like a loss was late only (RFC 8985, 6.2, step 4).
    pub(crate) fn note_duplicate(&mut self) {
        let next = self.next_tsn();
        let tolerance = &mut self.tolerance;
        if tolerance.is_suspect && !self.first.is_before(tolerance.until) {
            tolerance.quarters = tolerance.quarters.saturating_add(1);
            tolerance.persists = WINDOW_PERSISTS;
            tolerance.is_suspect = false;
            tolerance.until = next;
        }
    }

    /// Losses were repaired, without a sign that they were none.
    pub(crate) fn note_recovery(&mut self) {
        let tolerance = &mut self.tolerance;
        tolerance.persists = tolerance.persists.saturating_sub(1);
        if tolerance.persists == 0 {
            tolerance.quarters = 1;
        }
    }

    /// Takes what was last sent on a path for lost, as a tail loss probe, unless it would be given
    /// up then: that it was not acknowledged yet is no reason for that. Gives its TSN and wire
    /// bytes.
    pub(crate) fn lose_newest(&mut self, path: PathId, now: Time) -> Option<(Tsn, usize)> {
        let tsn = self.lanes.get(path.index())?.newest?;
        let chunk = self.get(tsn)?;
        if chunk.policy.gives_up(now, chunk.retransmissions) {
            return None;
        }
        Some((tsn, self.lose(tsn)))
    }

    /// Takes all that is in flight on `path` for lost (6.3.3, E3), and says how many wire bytes
    /// that is.
    pub(crate) fn lose_path(&mut self, path: PathId) -> usize {
        let mut bytes = 0_usize;
        while let Some(tsn) = self.lanes.get(path.index()).and_then(|lane| lane.oldest) {
            let lost = self.lose(tsn);
            if lost == 0 {
                break;
            }
            bytes = bytes.saturating_add(lost);
        }
        bytes
    }

    /// A chunk that is in flight is lost. Gives its wire bytes, or 0 if it is not in flight.
    fn lose(&mut self, tsn: Tsn) -> usize {
        let i = self.index(tsn);
        let is_in_flight = |chunk: &&Chunk<B>| chunk.state == ChunkState::InFlight;
        let Some(size) = self
            .chunks
            .get(i)
            .filter(is_in_flight)
            .map(Chunk::wire_size)
        else {
            return 0;
        };
        self.leave_flight(tsn);
        if let Some(chunk) = self.chunks.get_mut(i) {
            chunk.state = ChunkState::Lost;
            self.lost_payload = self.lost_payload.saturating_add(chunk.len());
        }
        if self.lost_count == 0 || tsn.is_before(self.lost_from) {
            self.lost_from = tsn;
        }
        self.lost_count = self.lost_count.saturating_add(1);
        size
    }

    /// A chunk that is not in flight is sent on a path, as the last one so far.
    pub(super) fn enter_flight(&mut self, tsn: Tsn, path: PathId, now: Time) {
        let i = self.index(tsn);
        let (Some(lane), Some(chunk)) = (self.lanes.get_mut(path.index()), self.chunks.get_mut(i))
        else {
            return;
        };
        if lane.oldest.is_none() {
            lane.begin(tsn);
        }
        chunk.state = ChunkState::InFlight;
        chunk.path = path;
        chunk.sent = now;
        chunk.order = self.transmissions;
        self.transmissions = self.transmissions.wrapping_add(1);
        chunk.older = lane.newest.replace(tsn);
        chunk.newer = None;
        let len = chunk.len();
        if let Some(older) = chunk.older {
            let i = self.index(older);
            if let Some(older) = self.chunks.get_mut(i) {
                older.newer = Some(tsn);
            }
        }
        self.flight_payload = self.flight_payload.saturating_add(len);
        self.flight_count = self.flight_count.saturating_add(1);
    }

    /// Takes a chunk out of the flight, if it is in it. The caller gives it another state.
    pub(super) fn leave_flight(&mut self, tsn: Tsn) {
        let i = self.index(tsn);
        let Some(chunk) = self.chunks.get_mut(i) else {
            return;
        };
        if chunk.state != ChunkState::InFlight {
            return;
        }
        let (path, len) = (chunk.path, chunk.len());
        let (older, newer) = (chunk.older.take(), chunk.newer.take());
        let Some(lane) = self.lanes.get_mut(path.index()) else {
            return;
        };
        if older.is_none() {
            lane.oldest = newer;
        }
        if newer.is_none() {
            lane.newest = older;
        }
        for (neighbour, is_older) in [(older, true), (newer, false)] {
            let Some(i) = neighbour.map(|tsn| self.index(tsn)) else {
                continue;
            };
            if let Some(neighbour) = self.chunks.get_mut(i) {
                if is_older {
                    neighbour.newer = newer;
                } else {
                    neighbour.older = older;
                }
            }
        }
        self.flight_payload = self.flight_payload.saturating_sub(len);
        self.flight_count = self.flight_count.saturating_sub(1);
    }

    #[cfg(not(MODULE))]
    pub(super) fn check_lanes(&self) {
        let mut listed = 0;
        for (i, lane) in self.lanes.iter().enumerate() {
            let is_acked = |c: &&Chunk<B>| c.state == ChunkState::Acked && c.path.index() == i;
            assert_eq!(
                lane.acked as usize,
                self.chunks.iter().filter(is_acked).count()
            );
            let (mut at, mut before) = (lane.oldest, None);
            while let Some((tsn, chunk)) = at.and_then(|tsn| Some((tsn, self.get(tsn)?))) {
                assert_eq!(chunk.state, ChunkState::InFlight, "{tsn:?}");
                assert_eq!(chunk.path.index(), i, "{tsn:?}");
                assert_eq!(chunk.older, before, "{tsn:?}");
                let older = before.and_then(|tsn| self.get(tsn));
                assert!(older.is_none_or(|older| older.order < chunk.order));
                assert!(older.is_none_or(|older| older.sent <= chunk.sent));
                listed += 1;
                (at, before) = (chunk.newer, Some(tsn));
            }
            assert_eq!(at, None, "a list leads out of the ring");
            assert_eq!(lane.newest, before);
        }
        assert_eq!(listed, self.flight_count(), "in flight and in no list");
    }
}
