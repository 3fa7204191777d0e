// SPDX-License-Identifier: GPL-2.0

//! Putting fragments together (RFC 9260, 6.9).
//!
//! The fragments of a message have consecutive TSNs, so TSNs are all that is needed to find out
//! what belongs together. What is kept is runs: fragments of one message that follow each other
//! without a gap. A run grows at its ends, two runs merge when what was between them arrives, and
//! a run that has both ends of its message leaves as a whole. Usually there is one run, or none.
//! Messages in a single chunk never come here.
//!
//! Bound: [`MAX_RUNS`], enforced by [`Reassembly::reserve`], and what the receive buffer may hold,
//! enforced by the receiver.
//!
//! Invariants: runs are in TSN order and do not overlap; of two runs that touch, the second has the
//! beginning of its message, and the first the end of its own, or it was given up; no run has both
//! ends.

use crate::engine::{
    addr::Address,
    cx::Payload,
    env::{AllocError, Flags},
    rx::sorted::{Position, Sorted},
    serial::{Ssn, Tsn},
    vec::Rare,
    wire::data::DataHeader,
};

/// Most messages that may be incomplete at a time.
const MAX_RUNS: usize = 1024;

/// A message, or consecutive fragments of one.
#[derive(Debug)]
pub(crate) struct Run<B> {
    pub(crate) first_tsn: Tsn,
    pub(crate) last_tsn: Tsn,
    pub(crate) stream: u16,
    pub(crate) ssn: Ssn,
    /// Of the first fragment here, which is the message's own once `begin` is set.
    pub(crate) ppid: [u8; 4],
    pub(crate) unordered: bool,
    pub(crate) begin: bool,
    pub(crate) end: bool,
    /// Payload bytes.
    pub(crate) bytes: usize,
    /// Where the first fragment came from.
    pub(crate) from: Address,
    pub(crate) first: B,
    pub(crate) rest: Rare<B>,
}

impl<B: Payload> Run<B> {
    pub(crate) fn new(header: &DataHeader, payload: B, from: Address) -> Self {
        Self {
            first_tsn: header.tsn,
            last_tsn: header.tsn,
            stream: header.stream,
            ssn: header.ssn,
            ppid: header.ppid,
            unordered: header.unordered,
            begin: header.begin,
            end: header.end,
            bytes: payload.len(),
            from,
            first: payload,
            rest: Rare::new(),
        }
    }

    fn is_same_message(&self, header: &DataHeader) -> bool {
        self.stream == header.stream
            && self.unordered == header.unordered
            && (self.unordered || self.ssn == header.ssn)
    }
}

/// The peer cut its messages in a way that cannot be: two beginnings without an end, or fragments
/// of one message that disagree on what they belong to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Violation;

/// Where a chunk belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The run that it continues.
    left: Option<Position>,
    /// The run that it precedes.
    right: Option<Position>,
    /// Where a new run would have to go.
    at: Position,
    /// Whether the message is complete with it.
    pub(crate) completes: bool,
}

/// Runs that are waiting for the rest of their messages.
pub(crate) struct Reassembly<B> {
    runs: Sorted<Run<B>>,
}

#[allow(dead_code)]
impl<B: Payload> Reassembly<B> {
    pub(crate) const fn new() -> Self {
        Self {
            runs: Sorted::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.runs.clear();
    }

    /// The run with the lowest TSNs.
    pub(crate) fn first(&self) -> Option<&Run<B>> {
        self.runs.first()
    }

    /// Finds the place of a chunk that is new. Single chunks are looked at too: they must not be
    /// in the middle of a message. `may_be_cut` is whether a message may begin although the one
    /// before has no end.
    pub(crate) fn place(&self, header: &DataHeader, may_be_cut: bool) -> Result<Place, Violation> {
        if self.runs.is_empty() {
            return Ok(Place {
                left: None,
                right: None,
                at: Position::default(),
                completes: header.begin && header.end,
            });
        }
        let tsn = header.tsn;
        let at = match self.runs.search(|run| {
            // Windows are far smaller than half the circle, so this is an order.
            if run.last_tsn.is_before(tsn) {
                core::cmp::Ordering::Less
            } else {
                core::cmp::Ordering::Greater
            }
        }) {
            Ok(at) | Err(at) => at,
        };
        let mut place = Place {
            left: None,
            right: None,
            at,
            completes: false,
        };
        let (mut begin, mut end) = (header.begin, header.end);
        if let Some(before) = self.runs.before(at) {
            if let Some(left) = self.runs.get(before) {
                if left.last_tsn.next() == tsn
                    && belong_together(left.end, header.begin, may_be_cut)?
                {
                    if !left.is_same_message(header) {
                        return Err(Violation);
                    }
                    begin = left.begin;
                    place.left = Some(before);
                }
            }
        }
        if let Some(right) = self.right_of(at, tsn) {
            if let Some(run) = self.runs.get(right) {
                if belong_together(header.end, run.begin, may_be_cut)? {
                    if !run.is_same_message(header) {
                        return Err(Violation);
                    }
                    end = run.end;
                    place.right = Some(right);
                }
            }
        }
        place.completes = begin && end;
        Ok(place)
    }

    /// The run that begins right behind `tsn`, if there is one. `at` is where `tsn` belongs, which
    /// may be behind the last element of a block.
    fn right_of(&self, at: Position, tsn: Tsn) -> Option<Position> {
        let at = self.runs.at_or_after(at)?;
        let run = self.runs.get(at)?;
        (run.first_tsn == tsn.next()).then_some(at)
    }

    /// Makes sure that [`add`](Self::add) succeeds. `is_next` is whether nothing is missing before
    /// the chunk: it is exempt from the bound, or nothing could ever be completed.
    pub(crate) fn reserve(
        &mut self,
        place: &mut Place,
        is_next: bool,
        gfp: Flags,
    ) -> Result<(), AllocError> {
        match (place.left, place.right) {
            (None, None) => {
                if self.runs.len() >= MAX_RUNS && !is_next {
                    return Err(AllocError);
                }
                place.at = self.runs.reserve(place.at, gfp)?;
                Ok(())
            }
            (Some(left), None) => self.reserve_in(left, 1, gfp),
            (None, Some(right)) => self.reserve_in(right, 1, gfp),
            (Some(left), Some(right)) => {
                let more = self.runs.get(right).map_or(0, |run| run.rest.len());
                self.reserve_in(left, more.saturating_add(2), gfp)
            }
        }
    }

    fn reserve_in(&mut self, at: Position, n: usize, gfp: Flags) -> Result<(), AllocError> {
        let run = self.runs.get_mut(at).ok_or(AllocError)?;
        run.rest.reserve(n, gfp)
    }

    /// Adds a fragment at its place, for which there is room. If that completes the message, it
    /// is taken out and returned.
    pub(crate) fn add(
        &mut self,
        place: Place,
        header: &DataHeader,
        payload: B,
        from: Address,
    ) -> Option<Run<B>> {
        let len = payload.len();
        let grown = match (place.left, place.right) {
            (None, None) => {
                self.runs.insert(place.at, Run::new(header, payload, from));
                place.at
            }
            (Some(left), None) => {
                let run = self.runs.get_mut(left)?;
                append(run, payload);
                run.last_tsn = header.tsn;
                run.end = header.end;
                run.bytes = run.bytes.saturating_add(len);
                left
            }
            (None, Some(right)) => {
                let run = self.runs.get_mut(right)?;
                let second = core::mem::replace(&mut run.first, payload);
                // Cannot fail: room was reserved.
                let _ = run.rest.insert_reserved(0, second);
                run.first_tsn = header.tsn;
                run.begin = header.begin;
                run.ppid = header.ppid;
                run.from = from;
                run.bytes = run.bytes.saturating_add(len);
                right
            }
            (Some(left), Some(right)) => {
                // The right one comes after the left one, so that one stays where it is.
                let mut tail = self.runs.remove(right)?;
                let run = self.runs.get_mut(left)?;
                append(run, payload);
                append(run, tail.first);
                for fragment in tail.rest.take().drain_all() {
                    append(run, fragment);
                }
                run.last_tsn = tail.last_tsn;
                run.end = tail.end;
                run.bytes = run.bytes.saturating_add(len).saturating_add(tail.bytes);
                left
            }
        };
        if place.completes {
            self.runs.remove(grown)
        } else {
            None
        }
    }

    /// Takes the first run out if it begins with `tsn` or before.
    pub(crate) fn take_up_to(&mut self, tsn: Tsn) -> Option<Run<B>> {
        if self.first()?.first_tsn.is_after(tsn) {
            return None;
        }
        self.take_first()
    }

    /// Takes the first run out, for partial delivery.
    pub(crate) fn take_first(&mut self) -> Option<Run<B>> {
        self.runs.remove(Position::default())
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self, held: &mut usize) {
        self.runs.check_invariants();
        let mut previous: Option<&Run<B>> = None;
        for run in self.runs.iter() {
            assert_eq!(
                run.last_tsn.since(run.first_tsn) as usize,
                run.rest.len(),
                "a run has a fragment for each TSN"
            );
            let bytes: usize = run.rest.iter().map(|b| b.len()).sum::<usize>() + run.first.len();
            assert_eq!(bytes, run.bytes);
            assert!(!(run.begin && run.end), "a complete message waits");
            if let Some(previous) = previous {
                assert!(previous.last_tsn.is_before(run.first_tsn));
                if previous.last_tsn.next() == run.first_tsn {
                    assert!(run.begin, "runs that belong together");
                }
            }
            *held += bytes;
            previous = Some(run);
        }
    }
}

/// Whether two fragments of which the second has the TSN after that of the first are of one
/// message: `end` is the first one's flag, `begin` the second one's.
fn belong_together(end: bool, begin: bool, may_be_cut: bool) -> Result<bool, Violation> {
    match (end, begin) {
        (false, false) => Ok(true),
        (true, true) => Ok(false),
        (false, true) if may_be_cut => Ok(false),
        (false, true) | (true, false) => Err(Violation),
    }
}

/// Appends to a run in which room was reserved.
fn append<B>(run: &mut Run<B>, payload: B) {
    let done = run.rest.insert_reserved(run.rest.len(), payload);
    debug_assert!(done.is_ok(), "append without reserve");
}
