// SPDX-License-Identifier: GPL-2.0

//! Putting messages in order (RFC 9260, 6.6).
//!
//! What arrives in its stream's order, or unordered, is ready at once. Other messages wait,
//! sorted by stream and SSN. They become ready when the user takes the message before them, so
//! nothing has to be moved, or allocated, when a gap closes.
//!
//! Bound: what the receive buffer may hold, enforced by the receiver.
//!
//! Invariant: of each stream, `ready` holds only messages before `next`, and `waiting` only others.
//! The next one waits only if the message before it is in `ready`, or if the stream is `follow`.

use core::cmp::Ordering;

use crate::engine::{
    cx::Payload,
    env::{AllocError, Flags},
    ring::Ring,
    rx::{
        reassembly::{Run, Violation},
        sorted::{Position, Sorted},
    },
    serial::Ssn,
    tx::ssn_table::SsnTable,
    wire::forward_tsn::Skipped,
};

/// Where a complete message goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// To the user.
    Now,
    /// There are others before it.
    Later(Position),
}

pub(crate) struct Streams<B> {
    next: SsnTable,
    ready: Ring<Run<B>>,
    waiting: Sorted<Run<B>>,
    /// The stream of the message that was last taken, if its next one waits: it comes first.
    follow: Option<u16>,
}

#[allow(dead_code)]
impl<B: Payload> Streams<B> {
    pub(crate) const fn new() -> Self {
        Self {
            next: SsnTable::new(),
            ready: Ring::new(),
            waiting: Sorted::new(),
            follow: None,
        }
    }

    /// Drops all messages and begins all streams anew.
    pub(crate) fn restart(&mut self) {
        self.next.clear();
        self.ready.clear();
        self.waiting.clear();
        self.follow = None;
    }

    /// Gives memory back that is not needed now.
    pub(crate) fn shrink(&mut self) {
        self.ready.shrink();
    }

    /// Whether there may be a message for the user.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty() || self.follow.is_some()
    }

    pub(crate) fn next_ssn(&self, stream: u16) -> Ssn {
        self.next.get(stream)
    }

    /// When it is the turn of an ordered message. Two messages with the same SSN cannot wait: the
    /// peer counts wrong.
    pub(crate) fn turn(&self, stream: u16, ssn: Ssn) -> Result<Turn, Violation> {
        match self.search(stream, ssn) {
            Ok(_) => Err(Violation),
            Err(_) if ssn == self.next.get(stream) => Ok(Turn::Now),
            Err(at) => Ok(Turn::Later(at)),
        }
    }

    fn search(&self, stream: u16, ssn: Ssn) -> Result<Position, Position> {
        if self.waiting.is_empty() {
            return Err(Position::default());
        }
        let next = self.next.get(stream);
        let distance = ssn.since(next);
        self.waiting.search(|run| match run.stream.cmp(&stream) {
            Ordering::Equal => run.ssn.since(next).cmp(&distance),
            unequal @ (Ordering::Less | Ordering::Greater) => unequal,
        })
    }

    /// Makes sure that the SSNs of a stream can be counted.
    pub(crate) fn reserve_stream(&mut self, stream: u16, gfp: Flags) -> Result<(), AllocError> {
        self.next.reserve(stream, gfp)
    }

    /// Makes sure that [`put`](Self::put) succeeds.
    pub(crate) fn reserve(&mut self, turn: Turn, gfp: Flags) -> Result<Turn, AllocError> {
        match turn {
            Turn::Now => self.ready.reserve(1, gfp).map(|()| Turn::Now),
            Turn::Later(at) => self.waiting.reserve(at, gfp).map(Turn::Later),
        }
    }

    /// Takes in a complete message, for which there is room.
    pub(crate) fn put(&mut self, run: Run<B>, turn: Turn) {
        match turn {
            Turn::Now => {
                if !run.unordered {
                    self.next.set(run.stream, run.ssn.next());
                }
                let done = self.ready.push_reserved(run);
                debug_assert!(done.is_ok(), "put without reserve");
            }
            Turn::Later(at) => self.waiting.insert(at, run),
        }
    }

    /// An ordered message was delivered in parts, and this was the last: its successor may come.
    pub(crate) fn finished(&mut self, stream: u16, ssn: Ssn) {
        // A peer that counts wrong may have sent another message with that SSN since.
        if self.next.get(stream) == ssn {
            self.next.set(stream, ssn.next());
            self.follow(stream);
        }
    }

    /// The message before the next one of a stream was taken.
    fn follow(&mut self, stream: u16) {
        let waits = self.search(stream, self.next.get(stream)).is_ok();
        self.follow = waits.then_some(stream);
    }

    /// How many of the messages that wait are due once a stream was forwarded, and the next SSN
    /// then. What was skipped is not waited for any more, and what follows without a gap either.
    fn due(&self, skipped: Skipped) -> (usize, Ssn) {
        let next = self.next.get(skipped.stream);
        if skipped.ssn.is_before(next) {
            return (0, next);
        }
        let (mut count, mut end) = (0_usize, skipped.ssn.next());
        let mut at = self.first_waiting(skipped.stream);
        while let Some((position, run)) = at.and_then(|at| Some((at, self.waiting.get(at)?))) {
            if run.stream != skipped.stream || run.ssn.since(next) > end.since(next) {
                break;
            }
            if run.ssn == end {
                end = end.next();
            }
            count = count.saturating_add(1);
            at = self.waiting.after(position);
        }
        (count, end)
    }

    /// Where the messages of a stream that wait begin, if there are any.
    fn first_waiting(&self, stream: u16) -> Option<Position> {
        match self.search(stream, self.next.get(stream)) {
            Ok(at) => Some(at),
            Err(at) => self.waiting.at_or_after(at),
        }
    }

    /// Makes sure that each of `skipped` can be [`forward`](Self::forward)ed.
    pub(crate) fn reserve_forward(
        &mut self,
        skipped: impl Iterator<Item = Skipped>,
        gfp: Flags,
    ) -> Result<(), AllocError> {
        let mut total = 0_usize;
        for skipped in skipped {
            self.next.reserve(skipped.stream, gfp)?;
            total = total.saturating_add(self.due(skipped).0);
        }
        // A stream may be named more than once.
        self.ready.reserve(total.min(self.waiting.len()), gfp)
    }

    /// The peer will not send the messages of a stream up to some SSN that did not arrive.
    pub(crate) fn forward(&mut self, skipped: Skipped) {
        let (count, next) = self.due(skipped);
        if count != 0 && self.follow == Some(skipped.stream) {
            self.follow = None;
        }
        for _ in 0..count {
            let run = self
                .first_waiting(skipped.stream)
                .and_then(|at| self.waiting.remove(at));
            if let Some(run) = run {
                let done = self.ready.push_reserved(run);
                debug_assert!(done.is_ok(), "forward without reserve");
            }
        }
        self.next.set(skipped.stream, next);
    }

    /// The next message for the user.
    pub(crate) fn take(&mut self) -> Option<Run<B>> {
        let run = match self.follow.take() {
            Some(stream) => {
                let next = self.next.get(stream);
                let at = self.search(stream, next).ok()?;
                self.next.set(stream, next.next());
                self.waiting.remove(at)?
            }
            None => self.ready.pop_front()?,
        };
        // Not if its successor is in `ready`, too.
        if !run.unordered && run.ssn.next() == self.next.get(run.stream) {
            self.follow(run.stream);
        }
        Some(run)
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self, held: &mut usize) {
        self.waiting.check_invariants();
        if let Some(stream) = self.follow {
            let waits = self.search(stream, self.next.get(stream)).is_ok();
            assert!(waits, "what is to follow does not wait");
            let mut ready = self.ready.iter();
            let overtakes = ready.any(|run| run.stream == stream && !run.unordered);
            assert!(!overtakes, "what follows would overtake");
        }
        let mut previous: Option<(u16, u16)> = None;
        for run in self.waiting.iter() {
            let key = (run.stream, run.ssn.since(self.next.get(run.stream)));
            assert!(previous.is_none_or(|p| p < key), "order of what waits");
            previous = Some(key);
            assert!(!run.unordered);
            *held += run.bytes;
        }
        for run in self.ready.iter() {
            *held += run.bytes;
        }
    }
}
