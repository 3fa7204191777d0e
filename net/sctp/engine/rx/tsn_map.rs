// SPDX-License-Identifier: GPL-2.0

//! Which TSNs have arrived (RFC 9260, 6.2): the cumulative TSN and what came beyond it.
//!
//! What came beyond is kept as ranges, the form in which a SACK reports it. In order arrival
//! touches no range at all, and the map costs what the gaps cost, however large the window is.
//!
//! Invariants: the ranges are ascending, do not touch each other, and none touches the cumulative
//! TSN (it would have been merged into it).

use crate::engine::{
    env::{AllocError, Flags, KVec},
    serial::Tsn,
};

/// Bound of the ranges, enforced by [`TsnMap::reserve`]. A packet of 1500 bytes cannot report
/// more gap blocks than this, so the peer would not learn of them anyway.
pub(crate) const MAX_RANGES: usize = 512;

/// Bound of the duplicates remembered for the next SACK, enforced by [`TsnMap::duplicate`].
pub(crate) const MAX_DUPLICATES: usize = 16;

/// A gap block's bounds are 16-bit offsets from the cumulative TSN: nothing beyond can be
/// reported.
const MAX_OFFSET: u32 = 0xffff;

/// What a TSN is to the map.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Arrival {
    /// The next in order.
    Next,
    /// New, with at least one missing before it.
    Ahead,
    /// Arrived before.
    Duplicate,
    /// Too far ahead to be reported, or half the circle away.
    OutOfWindow,
}

/// TSNs `first ..= last`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Range {
    pub(crate) first: Tsn,
    pub(crate) last: Tsn,
}

#[derive(Debug)]
pub(crate) struct TsnMap {
    cumulative: Tsn,
    ranges: KVec<Range>,
    duplicates: KVec<Tsn>,
}

#[allow(dead_code)]
impl TsnMap {
    /// A map in which `initial` is the first TSN that is expected.
    pub(crate) const fn new(initial: Tsn) -> Self {
        Self {
            cumulative: initial.minus(1),
            ranges: KVec::new(),
            duplicates: KVec::new(),
        }
    }

    /// All up to here arrived.
    pub(crate) fn cumulative(&self) -> Tsn {
        self.cumulative
    }

    /// What arrived beyond the cumulative TSN, ascending.
    pub(crate) fn ranges(&self) -> &[Range] {
        &self.ranges
    }

    pub(crate) fn has_gap(&self) -> bool {
        !self.ranges.is_empty()
    }

    /// The highest TSN that arrived.
    pub(crate) fn highest(&self) -> Tsn {
        self.ranges.last().map_or(self.cumulative, |r| r.last)
    }

    pub(crate) fn classify(&self, tsn: Tsn) -> Arrival {
        let offset = tsn.since(self.cumulative);
        match offset {
            1 => Arrival::Next,
            2..=MAX_OFFSET => {
                let (_, found) = self.find(offset);
                if found {
                    Arrival::Duplicate
                } else {
                    Arrival::Ahead
                }
            }
            _ if offset == 0 || tsn.is_before(self.cumulative) => Arrival::Duplicate,
            _ => Arrival::OutOfWindow,
        }
    }

    /// Whether a TSN beyond the cumulative one is as far ahead as any that can be reported.
    pub(crate) fn reaches(&self, tsn: Tsn) -> bool {
        tsn.since(self.cumulative) <= MAX_OFFSET
    }

    /// Nothing will come any more up to `tsn`, which is beyond the cumulative TSN and within
    /// [`reach`](Self::reaches): it becomes the cumulative TSN, or what touches it does.
    pub(crate) fn forward(&mut self, tsn: Tsn) {
        let old = self.cumulative;
        let offset = tsn.since(old);
        let (i, touches) = self.find(offset.saturating_add(1));
        let within = self.ranges.get(i).filter(|_| touches);
        self.cumulative = within.map_or(tsn, |r| r.last);
        let new = self.cumulative.since(old);
        let gone = self.ranges.partition_point(|r| r.last.since(old) <= new);
        // Each moves 4 KB at most; mostly there is none, or one.
        for _ in 0..gone {
            let _ = self.ranges.remove(0);
        }
    }

    /// Index of the first range that ends at or behind `offset`, and whether it contains it.
    fn find(&self, offset: u32) -> (usize, bool) {
        let i = self
            .ranges
            .partition_point(|r| r.last.since(self.cumulative) < offset);
        let found = self
            .ranges
            .get(i)
            .is_some_and(|r| r.first.since(self.cumulative) <= offset);
        (i, found)
    }

    /// Makes sure that [`record`](Self::record) of any one TSN succeeds. Fails if memory or the
    /// bound of ranges is used up; the next TSN in order needs neither.
    pub(crate) fn reserve(&mut self, arrival: Arrival, gfp: Flags) -> Result<(), AllocError> {
        match arrival {
            Arrival::Next | Arrival::Duplicate | Arrival::OutOfWindow => Ok(()),
            Arrival::Ahead => {
                if self.ranges.len() >= MAX_RANGES {
                    return Err(AllocError);
                }
                self.ranges.reserve(1, gfp)
            }
        }
    }

    /// Notes that `tsn` arrived. [`classify`](Self::classify) said that it is new, and
    /// [`reserve`](Self::reserve) succeeded.
    pub(crate) fn record(&mut self, tsn: Tsn) {
        let offset = tsn.since(self.cumulative);
        if offset == 1 {
            self.cumulative = tsn;
            if let Some(first) = self.ranges.first().copied() {
                if first.first == tsn.next() {
                    self.cumulative = first.last;
                    let _ = self.ranges.remove(0);
                }
            }
            return;
        }
        let (i, found) = self.find(offset);
        if found {
            return;
        }
        let touches_left = i
            .checked_sub(1)
            .and_then(|l| self.ranges.get(l))
            .is_some_and(|r| r.last.next() == tsn);
        let touches_right = self.ranges.get(i).is_some_and(|r| r.first == tsn.next());
        match (touches_left, touches_right) {
            (true, true) => {
                if let Ok(right) = self.ranges.remove(i) {
                    if let Some(left) = self.ranges.get_mut(i.wrapping_sub(1)) {
                        left.last = right.last;
                    }
                }
            }
            (true, false) => {
                if let Some(left) = self.ranges.get_mut(i.wrapping_sub(1)) {
                    left.last = tsn;
                }
            }
            (false, true) => {
                if let Some(right) = self.ranges.get_mut(i) {
                    right.first = tsn;
                }
            }
            (false, false) => {
                let range = Range {
                    first: tsn,
                    last: tsn,
                };
                // Cannot fail: room was reserved and `i` is within the list.
                let _ = self.ranges.insert_within_capacity(i, range);
            }
        }
    }

    /// Notes that `tsn` arrived once more, for the next SACK to report, if there is memory.
    pub(crate) fn duplicate(&mut self, tsn: Tsn, gfp: Flags) {
        if self.duplicates.len() < MAX_DUPLICATES {
            let _ = self.duplicates.push(tsn, gfp);
        }
    }

    pub(crate) fn duplicates(&self) -> &[Tsn] {
        &self.duplicates
    }

    /// A SACK has reported the duplicates.
    pub(crate) fn clear_duplicates(&mut self) {
        self.duplicates.clear();
    }

    /// Gives memory back that is not needed now.
    pub(crate) fn shrink(&mut self) {
        if self.duplicates.is_empty() {
            self.duplicates = KVec::new();
        }
        if self.ranges.is_empty() {
            self.ranges = KVec::new();
        }
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        let mut previous = self.cumulative;
        for range in &self.ranges {
            assert!(range.first.since(previous) >= 2, "ranges touch or overlap");
            assert!(range.last.since(range.first) < 0x8000_0000);
            assert!(range.last.since(self.cumulative) <= MAX_OFFSET);
            previous = range.last;
        }
        assert!(self.ranges.len() <= MAX_RANGES);
        assert!(self.duplicates.len() <= MAX_DUPLICATES);
    }
}
