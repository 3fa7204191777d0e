// SPDX-License-Identifier: GPL-2.0

//! DATA that was sent and is not cumulatively acknowledged: RFC 9260, 6.1 to 6.3 and 7.2.4.
//!
//! The chunks are in a ring indexed by TSN. A SACK costs what it newly acknowledges, plus its gap
//! blocks, plus what it newly reports missing; no SACK walks over all that is outstanding:
//!
//! - The gap blocks of the last SACK are kept. A new SACK is compared with them range by range,
//!   and only TSNs in the difference are visited.
//! - How losses are found without looking at everything is in [`loss`].
//! - Lost chunks are found by a cursor that only goes back when something before it gets lost.
//!
//! Bound: the peer's receive window and cwnd, enforced by `assoc/transmit.rs`.
//!
//! Invariants: the ring holds the TSNs `first ..`, all sent; `acked` are the gap blocks of the
//! last SACK, ascending and disjoint, and exactly the TSNs in them are `Acked`, or were abandoned;
//! the counters are the sums over the ring; no chunk before `lost_from` is `Lost`; each chunk in
//! flight is in the [`Lane`] of its path, and no other is.

pub(crate) mod abandon;

mod loss;

pub(crate) use self::loss::Overdue;
use self::loss::{Lane, Tolerance};
use crate::engine::{
    cx::Payload,
    env::{AllocError, Flags, KBox, KVec},
    path::{PathId, MAX_PATHS},
    ring::Ring,
    rx::tsn_map::Range,
    serial::Tsn,
    time::Time,
    tx::Policy,
    wire::{data::DataHeader, sack::GapBlock, tlv::padded},
};

/// Bound of the gap blocks that are taken from a SACK, enforced by [`Outstanding::prepare`]. What
/// is beyond them counts as not acknowledged. More than a packet of 1500 bytes can hold.
const MAX_GAP_BLOCKS: usize = 2048;

/// What is the matter with a TSN that was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ChunkState {
    InFlight,
    /// Acknowledged by a gap block; the peer may still take that back.
    Acked,
    /// To be retransmitted, and not counted as in flight any more.
    Lost,
    /// Given up: the peer is to be told so.
    Abandoned,
}

#[derive(Debug)]
pub(crate) struct Chunk<B> {
    pub(crate) header: DataHeader,
    /// None if it was given up.
    pub(crate) payload: Option<B>,
    pub(crate) policy: Policy,
    /// The user's, of its message.
    context: u32,
    /// How often it was sent again.
    pub(crate) retransmissions: u32,
    pub(crate) path: PathId,
    pub(crate) state: ChunkState,
    /// Was sent more than once: says nothing about round-trip times (Karn).
    pub(crate) retransmitted: bool,
    /// Was sent on more than one path: its acknowledgement does not tell which of them works.
    pub(crate) moved: bool,
    /// A fast retransmission was due for it; there is no second one (7.2.4, step 5).
    pub(crate) fast_retransmitted: bool,
    /// Was acknowledged once: to take that back and to repeat it is no progress.
    was_acked: bool,
    /// When it was last sent, and how many transmissions there were before that one.
    pub(crate) sent: Time,
    order: u64,
    /// If it is in flight, what was sent before and after it on its path and still is.
    older: Option<Tsn>,
    newer: Option<Tsn>,
}

impl<B: Payload> Chunk<B> {
    /// One that is being sent for the first time, but for its payload.
    fn new(header: DataHeader, path: PathId) -> Self {
        Self {
            header,
            payload: None,
            policy: Policy::Reliable,
            context: 0,
            retransmissions: 0,
            path,
            state: ChunkState::InFlight,
            retransmitted: false,
            moved: false,
            fast_retransmitted: false,
            was_acked: false,
            sent: Time::START,
            order: 0,
            older: None,
            newer: None,
        }
    }

    /// Bytes of payload.
    pub(crate) fn len(&self) -> usize {
        self.payload.as_ref().map_or(0, B::len)
    }

    /// Bytes on the wire: what counts against cwnd.
    pub(crate) fn wire_size(&self) -> usize {
        padded(DataHeader::LEN.saturating_add(self.len()))
    }
}

/// Why a SACK cannot be applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum BadSack {
    /// From before the last one.
    Old,
    /// Acknowledges what was never sent.
    NeverSent,
    NoMemory,
}

/// What a SACK did on one path.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PathSummary {
    /// Wire bytes newly acknowledged.
    pub(crate) acked: usize,
    /// Whether some of these were sent here and nowhere else, so that the path works.
    pub(crate) proven: bool,
    /// Of the bytes acknowledged, those that were counted as in flight.
    pub(crate) left_flight: usize,
    /// Whether the cumulative ack point passed a chunk that was sent here.
    pub(crate) cumulative: bool,
    /// The highest TSN newly acknowledged of those in flight.
    pub(crate) highest_newly_acked: Option<Tsn>,
    /// Wire bytes the peer took back, which are in flight again.
    pub(crate) reneged: usize,
}

/// What a SACK did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) paths: [PathSummary; MAX_PATHS],
    /// Whether the cumulative TSN ack point moved.
    pub(crate) cumulative_advanced: bool,
    /// Whether anything was newly acknowledged.
    pub(crate) progress: bool,
}

/// Gap blocks of the last SACK, and of the next.
struct Gaps {
    acked: KVec<Range>,
    incoming: KVec<Range>,
}

pub(crate) struct Outstanding<B> {
    chunks: Ring<Chunk<B>>,
    /// TSN of the first chunk in the ring, or of the next one to be sent.
    first: Tsn,
    /// Made with the first SACK that has gap blocks.
    gaps: Option<KBox<Gaps>>,
    /// Payload bytes in flight: what counts against the peer's window.
    flight_payload: usize,
    flight_count: u32,
    lost_count: u32,
    lost_payload: usize,
    lost_from: Tsn,
    /// One per path at least, from when something is first sent.
    lanes: KVec<Lane>,
    tolerance: Tolerance,
    /// Chunks that were ever sent, each time.
    transmissions: u64,
}

#[allow(dead_code)]
impl<B: Payload> Outstanding<B> {
    /// Nothing sent; `initial` will be the first TSN.
    pub(crate) const fn new(initial: Tsn) -> Self {
        Self {
            chunks: Ring::new(),
            first: initial,
            gaps: None,
            flight_payload: 0,
            flight_count: 0,
            lost_count: 0,
            lost_payload: 0,
            lost_from: initial,
            lanes: KVec::new(),
            tolerance: Tolerance::new(initial),
            transmissions: 0,
        }
    }

    /// All chunks, of which none will be acknowledged any more.
    pub(crate) fn into_chunks(self) -> Ring<Chunk<B>> {
        self.chunks
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Chunks not cumulatively acknowledged.
    pub(crate) fn len(&self) -> usize {
        self.chunks.len()
    }

    pub(crate) fn cumulative_tsn_ack(&self) -> Tsn {
        self.first.minus(1)
    }

    /// The TSN for the next new chunk.
    pub(crate) fn next_tsn(&self) -> Tsn {
        // The ring is far smaller than the circle: it holds at most what fits two windows of 2^30.
        self.first.plus(self.chunks.len() as u32)
    }

    pub(crate) fn flight_payload(&self) -> usize {
        self.flight_payload
    }

    pub(crate) fn flight_count(&self) -> usize {
        self.flight_count as usize
    }

    pub(crate) fn lost_count(&self) -> usize {
        self.lost_count as usize
    }

    /// Payload bytes that are not acknowledged.
    pub(crate) fn unacked_payload(&self) -> usize {
        self.flight_payload.saturating_add(self.lost_payload)
    }

    fn index(&self, tsn: Tsn) -> usize {
        tsn.since(self.first) as usize
    }

    pub(crate) fn get(&self, tsn: Tsn) -> Option<&Chunk<B>> {
        self.chunks.get(self.index(tsn))
    }

    /// Makes room for a chunk that is sent to one of so many paths.
    pub(crate) fn reserve(&mut self, paths: usize, gfp: Flags) -> Result<(), AllocError> {
        while self.lanes.len() < paths {
            self.lanes.push(Lane::new(self.first), gfp)?;
        }
        self.chunks.reserve(1, gfp)
    }

    /// There will be so many paths, to which what was sent may be sent again.
    pub(crate) fn reserve_paths(&mut self, paths: usize, gfp: Flags) -> Result<(), AllocError> {
        while !self.lanes.is_empty() && self.lanes.len() < paths {
            self.lanes.push(Lane::new(self.first), gfp)?;
        }
        Ok(())
    }

    /// Gives memory back that is not needed now.
    pub(crate) fn shrink(&mut self) {
        self.chunks.shrink();
        if self.chunks.is_empty() {
            self.gaps = None;
        }
    }

    /// Notes a new chunk, which has [`next_tsn`](Self::next_tsn), as sent. Room was reserved.
    pub(crate) fn sent(&mut self, header: DataHeader, payload: B, path: PathId, now: Time) {
        let tsn = header.tsn;
        debug_assert!(tsn == self.next_tsn());
        let chunk = Chunk {
            payload: Some(payload),
            ..Chunk::new(header, path)
        };
        if self.chunks.push_reserved(chunk).is_ok() {
            self.enter_flight(tsn, path, now);
        } else {
            debug_assert!(false, "sent without reserve");
        }
    }

    /// The first lost chunk at `from` or after it.
    pub(crate) fn next_lost(&mut self, from: Tsn) -> Option<Tsn> {
        if self.lost_count == 0 {
            return None;
        }
        let start = self.index(self.lost_from).max(self.index(from));
        for i in start..self.chunks.len() {
            if self.chunks.get(i)?.state == ChunkState::Lost {
                let tsn = self.first.plus(i as u32);
                if !self.lost_from.is_before(from) {
                    // Nothing was skipped on the way: the next search need not start earlier.
                    self.lost_from = tsn;
                }
                return Some(tsn);
            }
        }
        None
    }

    /// A lost chunk was sent again.
    pub(crate) fn retransmitted(&mut self, tsn: Tsn, path: PathId, now: Time) {
        if !self.is_lost(tsn) {
            return;
        }
        if self.lost_from == tsn {
            self.lost_from = tsn.next();
        }
        let i = self.index(tsn);
        if let Some(chunk) = self.chunks.get_mut(i) {
            let len = chunk.len();
            chunk.retransmitted = true;
            chunk.moved |= chunk.path != path;
            chunk.retransmissions = chunk.retransmissions.saturating_add(1);
            self.leave_lost(len);
        }
        self.tolerance.note_retransmission();
        self.enter_flight(tsn, path, now);
    }

    /// Whether a TSN was acknowledged, be it for the time being.
    pub(crate) fn is_acked(&self, tsn: Tsn) -> bool {
        tsn.is_before(self.first)
            || self
                .get(tsn)
                .is_some_and(|chunk| chunk.state == ChunkState::Acked)
    }

    pub(crate) fn is_lost(&self, tsn: Tsn) -> bool {
        self.get(tsn)
            .is_some_and(|chunk| chunk.state == ChunkState::Lost)
    }

    /// Checks a SACK and brings its gap blocks into order, without changing anything that counts.
    /// [`apply`](Self::apply) then cannot fail.
    pub(crate) fn prepare(
        &mut self,
        cumulative: Tsn,
        gaps: impl Iterator<Item = GapBlock>,
        gfp: Flags,
    ) -> Result<(), BadSack> {
        if let Some(gaps) = &mut self.gaps {
            gaps.incoming.clear();
        }
        if cumulative.is_before(self.cumulative_tsn_ack()) {
            return Err(BadSack::Old);
        }
        let highest = self.next_tsn().minus(1);
        if cumulative.is_after(highest) {
            return Err(BadSack::NeverSent);
        }
        let beyond = highest.since(cumulative);
        let mut is_sorted = true;
        let mut end = 0_u16;
        for gap in gaps {
            if gap.start == 0 || gap.end < gap.start {
                continue;
            }
            if u32::from(gap.end) > beyond {
                return Err(BadSack::NeverSent);
            }
            let incoming = self.incoming(gfp).map_err(|_| BadSack::NoMemory)?;
            if incoming.len() >= MAX_GAP_BLOCKS {
                continue;
            }
            is_sorted = is_sorted && gap.start > end;
            end = gap.end;
            let range = Range {
                first: cumulative.plus(u32::from(gap.start)),
                last: cumulative.plus(u32::from(gap.end)),
            };
            incoming.push(range, gfp).map_err(|_| BadSack::NoMemory)?;
        }
        if !is_sorted {
            self.sort_incoming(cumulative);
        }
        Ok(())
    }

    /// As [`prepare`](Self::prepare), for a SHUTDOWN, which says nothing about gaps: they stay as
    /// they are.
    pub(crate) fn prepare_cumulative(
        &mut self,
        cumulative: Tsn,
        gfp: Flags,
    ) -> Result<(), BadSack> {
        self.prepare(cumulative, core::iter::empty(), gfp)?;
        match self.gaps.as_deref_mut() {
            Some(Gaps { acked, incoming }) => incoming
                .extend_from_slice(acked, gfp)
                .map_err(|_| BadSack::NoMemory),
            None => Ok(()),
        }
    }

    /// What gap blocks of the next SACK are put into.
    fn incoming(&mut self, gfp: Flags) -> Result<&mut KVec<Range>, AllocError> {
        let gaps = match self.gaps.take() {
            Some(gaps) => gaps,
            None => {
                let (acked, incoming) = (KVec::new(), KVec::new());
                KBox::new(Gaps { acked, incoming }, gfp)?
            }
        };
        Ok(&mut self.gaps.insert(gaps).incoming)
    }

    /// The gap blocks of the last SACK.
    fn acked(&self) -> &[Range] {
        self.gaps.as_ref().map_or(&[], |gaps| &gaps.acked)
    }

    /// For peers that list their gap blocks in any order, or twice.
    fn sort_incoming(&mut self, cumulative: Tsn) {
        let Some(gaps) = &mut self.gaps else {
            return;
        };
        let incoming = &mut gaps.incoming;
        incoming.sort_unstable_by_key(|r| r.first.since(cumulative));
        let mut kept = 0_usize;
        for i in 0..incoming.len() {
            let Some(range) = incoming.get(i).copied() else {
                break;
            };
            let previous = kept.checked_sub(1).and_then(|last| incoming.get_mut(last));
            if let Some(previous) = previous {
                if range.first.since(cumulative) <= previous.last.since(cumulative) {
                    if range.last.is_after(previous.last) {
                        previous.last = range.last;
                    }
                    continue;
                }
            }
            if let Some(slot) = incoming.get_mut(kept) {
                *slot = range;
                kept = kept.wrapping_add(1);
            }
        }
        incoming.truncate(kept);
    }

    /// Applies the SACK that was prepared, and says what it did in an empty `summary`, which is too
    /// large to be moved about. To look for losses is the next step.
    pub(crate) fn apply(&mut self, cumulative: Tsn, now: Time, summary: &mut Summary) {
        while !self.chunks.is_empty() && !self.first.is_after(cumulative) {
            self.drop_first(now, summary);
        }
        self.apply_gaps(now, summary);
        if let Some(Gaps { acked, incoming }) = self.gaps.as_deref_mut() {
            core::mem::swap(acked, incoming);
        }
        if self.lost_from.is_before(self.first) {
            self.lost_from = self.first;
        }
        for (lane, done) in self.lanes.iter_mut().zip(&summary.paths) {
            if done.highest_newly_acked.is_some() {
                lane.note_sack();
            }
        }
    }

    fn drop_first(&mut self, now: Time, summary: &mut Summary) {
        let tsn = self.first;
        self.note_acked(tsn, now, summary);
        if let Some(chunk) = self.chunks.pop_front() {
            let lane = self.lanes.get_mut(chunk.path.index());
            if let Some(lane) = lane.filter(|_| chunk.state == ChunkState::Acked) {
                lane.forget_acked();
            }
            if let Some(path) = summary.paths.get_mut(chunk.path.index()) {
                path.cumulative = true;
            }
        }
        self.first = tsn.next();
        summary.cumulative_advanced = true;
    }

    /// A TSN is acknowledged. Does nothing if it was before.
    fn note_acked(&mut self, tsn: Tsn, now: Time, summary: &mut Summary) {
        let i = self.index(tsn);
        let Some(chunk) = self.chunks.get(i) else {
            return;
        };
        let (state, size, index) = (chunk.state, chunk.wire_size(), chunk.path.index());
        let len = chunk.len();
        let (Some(path), Some(lane)) = (summary.paths.get_mut(index), self.lanes.get_mut(index))
        else {
            return;
        };
        match state {
            ChunkState::Acked => return,
            // Its place in the ring is all that is left of it.
            ChunkState::Abandoned => {
                summary.progress = true;
                return;
            }
            ChunkState::InFlight => {
                path.left_flight = path.left_flight.saturating_add(size);
                // A chunk that waits to be sent again is acknowledged for the first time it was
                // sent, which says nothing about those that were sent again. One that was
                // acknowledged before arrived then.
                if !chunk.was_acked {
                    path.highest_newly_acked = Some(tsn);
                }
            }
            ChunkState::Lost => {}
        }
        if !chunk.was_acked {
            path.acked = path.acked.saturating_add(size);
            path.proven |= !chunk.moved;
            summary.progress = true;
        }
        lane.note_acked(chunk, now);
        if state == ChunkState::Lost {
            self.leave_lost(len);
        }
        self.leave_flight(tsn);
        if let Some(chunk) = self.chunks.get_mut(i) {
            chunk.state = ChunkState::Acked;
            chunk.was_acked = true;
        }
    }

    /// A lost chunk of that much payload is lost no more.
    fn leave_lost(&mut self, len: usize) {
        self.lost_count = self.lost_count.saturating_sub(1);
        self.lost_payload = self.lost_payload.saturating_sub(len);
    }

    /// A TSN is acknowledged no more. It is in flight again, as if it had just been sent. If it was
    /// just that an older SACK has taken longer, as it may on a path of its own, the next one
    /// acknowledges it again, which is no news.
    fn note_reneged(&mut self, tsn: Tsn, now: Time, summary: &mut Summary) {
        let i = self.index(tsn);
        let Some(chunk) = self.chunks.get_mut(i) else {
            return;
        };
        if chunk.state != ChunkState::Acked {
            return;
        }
        chunk.retransmitted = true;
        let (path, size) = (chunk.path, chunk.wire_size());
        if let Some(path) = summary.paths.get_mut(path.index()) {
            path.reneged = path.reneged.saturating_add(size);
        }
        if let Some(lane) = self.lanes.get_mut(path.index()) {
            lane.forget_acked();
        }
        self.enter_flight(tsn, path, now);
    }

    /// Walks over the old and the new gap blocks side by side and visits only TSNs that are in
    /// one and not in the other.
    fn apply_gaps(&mut self, now: Time, summary: &mut Summary) {
        let first = self.first;
        let end = self.chunks.len() as u32;
        // Offsets from `first`: half open, clipped to the ring, so that plain comparisons do.
        let clip = |r: &Range| {
            let start = if r.first.is_before(first) {
                0
            } else {
                r.first.since(first)
            };
            let stop = if r.last.is_before(first) {
                0
            } else {
                r.last.since(first).saturating_add(1)
            };
            (start.min(end), stop.min(end))
        };
        let (mut i, mut j) = (0_usize, 0_usize);
        let mut at = 0_u32;
        loop {
            let (acked, incoming): (&[Range], &[Range]) = match &self.gaps {
                Some(gaps) => (&gaps.acked, &gaps.incoming),
                None => return,
            };
            let old = acked.get(i).map(clip);
            let new = incoming.get(j).map(clip);
            let (olds, news) = (acked.len(), incoming.len());
            let (in_old, until_old) = side(old, at, end);
            let (in_new, until_new) = side(new, at, end);
            let until = until_old.min(until_new);
            if in_old != in_new {
                for offset in at..until {
                    let tsn = first.plus(offset);
                    if in_new {
                        self.note_acked(tsn, now, summary);
                    } else {
                        self.note_reneged(tsn, now, summary);
                    }
                }
            }
            at = until;
            if old.is_some_and(|(_, stop)| stop <= at) {
                i = i.wrapping_add(1);
            }
            if new.is_some_and(|(_, stop)| stop <= at) {
                j = j.wrapping_add(1);
            }
            if i >= olds && j >= news {
                break;
            }
        }
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self, flight: &mut [usize]) {
        let (mut payload, mut count) = (0, 0);
        let (mut lost, mut lost_payload) = (0, 0);
        self.check_lanes();
        for (i, chunk) in self.chunks.iter().enumerate() {
            let tsn = self.first.plus(i as u32);
            assert_eq!(chunk.header.tsn, tsn, "the ring is indexed by TSN");
            let in_gap = self
                .acked()
                .iter()
                .any(|r| !tsn.is_before(r.first) && !tsn.is_after(r.last));
            let is_abandoned = chunk.state == ChunkState::Abandoned;
            assert!(is_abandoned || in_gap == (chunk.state == ChunkState::Acked));
            assert_eq!(is_abandoned, chunk.payload.is_none(), "{tsn:?}");
            match chunk.state {
                ChunkState::InFlight => {
                    payload += chunk.len();
                    count += 1;
                    flight[chunk.path.index()] += chunk.wire_size();
                }
                ChunkState::Lost => {
                    lost += 1;
                    lost_payload += chunk.len();
                    assert!(
                        !tsn.is_before(self.lost_from),
                        "a lost chunk is out of sight"
                    );
                }
                ChunkState::Acked | ChunkState::Abandoned => {}
            }
        }
        assert_eq!(payload, self.flight_payload);
        assert_eq!(count, self.flight_count());
        assert_eq!(lost, self.lost_count());
        assert_eq!(lost_payload, self.lost_payload);
        for pair in self.acked().windows(2) {
            assert!(pair[0].last.is_before(pair[1].first), "gap blocks overlap");
        }
    }
}

/// Where `at` is with respect to a range: whether it is inside, and how far that stays so.
fn side(range: Option<(u32, u32)>, at: u32, end: u32) -> (bool, u32) {
    match range {
        Some((start, _)) if at < start => (false, start),
        Some((_, stop)) if at < stop => (true, stop),
        Some(_) => (false, at),
        None => (false, end.max(at)),
    }
}
