// SPDX-License-Identifier: GPL-2.0

//! Which of the chunks in flight are lost: RFC 9260, 6.3.3 and 7.2.4.
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

use super::{Chunk, ChunkState, Outstanding};
use crate::engine::{cx::Payload, path::PathId, serial::Tsn, time::Time};

/// How often a TSN has to be reported missing before it is taken for lost (7.2.4).
const MISSING_REPORTS: usize = 3;

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
        }
    }

    pub(super) fn note_acked(&mut self, tsn: Tsn) {
        if tsn.is_after(self.highest_acked) {
            self.highest_acked = tsn;
        }
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
        let last = self.acked.last().map_or(first.minus(1), |range| range.last);
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
            // What was reported before is not about what is sent from now on.
            *lane = Lane::new(tsn);
            lane.oldest = Some(tsn);
        }
        chunk.state = ChunkState::InFlight;
        chunk.path = path;
        chunk.sent = now;
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
            let (mut at, mut before) = (lane.oldest, None);
            while let Some((tsn, chunk)) = at.and_then(|tsn| Some((tsn, self.get(tsn)?))) {
                assert_eq!(chunk.state, ChunkState::InFlight, "{tsn:?}");
                assert_eq!(chunk.path.index(), i, "{tsn:?}");
                assert_eq!(chunk.older, before, "{tsn:?}");
                let sent = before.and_then(|tsn| self.get(tsn)).map(|older| older.sent);
                assert!(sent.is_none_or(|sent| sent <= chunk.sent), "out of order");
                listed += 1;
                (at, before) = (chunk.newer, Some(tsn));
            }
            assert_eq!(at, None, "a list leads out of the ring");
            assert_eq!(lane.newest, before);
        }
        assert_eq!(listed, self.flight_count, "in flight and in no list");
    }
}
