// SPDX-License-Identifier: GPL-2.0

//! Which stream sends its next message: RFC 8260, 3, as far as messages are not interleaved.
//!
//! First come, first served needs nothing of this. The other schedulers differ in one number: each
//! stream that has something to send waits under a key, and the lowest one is next; of equal ones
//! that which waits for longer. Without I-DATA a message that was begun is finished before anything
//! else is sent, so a choice is made for each message.
//!
//! Costs: O(log streams) for each message, nothing for messages behind the first of their stream.
//!
//! Invariants: a stream is in the heap, once, if it has messages and none of them is being sent, and
//! knows where; no entry of the heap is before the one at half its position.

use super::{
    backlog::{Backlog, Id, List},
    stream_table::StreamTable,
};
use crate::engine::env::{AllocError, Flags, KVec};

/// The order in which streams get their turn.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Scheduler {
    /// As the messages came (RFC 8260, 3.1).
    #[default]
    FirstCome,
    /// The lowest value first (3.4); streams with the same take turns.
    Priority,
    /// One message of each (3.2).
    RoundRobin,
    /// The stream that has sent the fewest bytes (3.5).
    FairCapacity,
    /// As above, bytes being divided by the stream's value (3.6).
    WeightedFair,
}

impl Scheduler {
    /// Whether a stream may have that value.
    pub(crate) fn takes(self, value: u16) -> bool {
        match self {
            Self::WeightedFair => value > 0,
            Self::FirstCome | Self::Priority | Self::RoundRobin | Self::FairCapacity => true,
        }
    }

    /// Whether it asks for a stream's value.
    fn has_values(self) -> bool {
        match self {
            Self::Priority | Self::WeightedFair => true,
            Self::FirstCome | Self::RoundRobin | Self::FairCapacity => false,
        }
    }

    /// The value of a stream for which the user has set none.
    fn default_value(self) -> u16 {
        match self {
            Self::WeightedFair => 1,
            Self::FirstCome | Self::Priority | Self::RoundRobin | Self::FairCapacity => 0,
        }
    }
}

/// What a byte costs a stream of weight 1.
const COST: u64 = 1 << 16;

#[derive(Clone, Copy, Debug)]
struct Lane {
    messages: List,
    /// Priority or weight.
    value: u16,
    /// Where in the heap.
    at: Option<u32>,
    /// A message of it is being sent.
    served: bool,
    /// [`COST`] for each byte sent, divided by the weight. Saturates.
    spent: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u64,
    turn: u64,
    stream: u16,
}

impl Entry {
    fn is_before(&self, other: &Self) -> bool {
        (self.key, self.turn) < (other.key, other.turn)
    }
}

/// The streams of an association that have something to send.
pub(crate) struct Schedule {
    scheduler: Scheduler,
    lanes: StreamTable<Lane>,
    /// Who is next is first.
    heap: KVec<Entry>,
    turns: u64,
    /// What the stream that was served last had spent: who comes anew begins there, and cannot
    /// make up for the time in which it had nothing to send.
    clock: u64,
}

impl Schedule {
    pub(crate) const fn new(scheduler: Scheduler) -> Self {
        Self {
            scheduler,
            lanes: StreamTable::new(),
            heap: KVec::new(),
            turns: 0,
            clock: 0,
        }
    }

    pub(crate) fn scheduler(&self) -> Scheduler {
        self.scheduler
    }

    /// Makes sure that messages of `stream` can be [added](Self::add), as one of so many streams that
    /// may begin to wait.
    pub(crate) fn reserve(
        &mut self,
        stream: u16,
        streams: usize,
        gfp: Flags,
    ) -> Result<(), AllocError> {
        let lane = Lane {
            messages: List::new(),
            value: self.scheduler.default_value(),
            at: None,
            served: false,
            spent: 0,
        };
        self.lanes.reserve(stream, lane, gfp)?;
        // And the stream that is being served.
        self.heap.reserve(streams.saturating_add(1), gfp)
    }

    /// A message came, for whose stream there is [room](Self::reserve).
    pub(crate) fn add<T>(&mut self, backlog: &mut Backlog<T>, stream: u16, id: Id) {
        let Some(lane) = self.lanes.get_mut(stream) else {
            debug_assert!(false, "add without reserve");
            return;
        };
        lane.messages.push_back(backlog, id);
        if lane.at.is_none() && !lane.served {
            self.enter(stream);
        }
    }

    /// The message that is to be sent next.
    pub(crate) fn next(&self) -> Option<Id> {
        let top = self.heap.first()?;
        self.lanes.get(top.stream)?.messages.front()
    }

    /// The [next](Self::next) message is being sent.
    pub(crate) fn begin(&mut self) {
        let Some(top) = self.heap.first().copied() else {
            return;
        };
        self.leave(0);
        if let Some(lane) = self.lanes.get_mut(top.stream) {
            lane.served = true;
            self.clock = lane.spent;
        }
    }

    /// Bytes of a stream were sent.
    pub(crate) fn spend(&mut self, stream: u16, bytes: usize) {
        if let Some(lane) = self.lanes.get_mut(stream) {
            let cost = (bytes as u64).saturating_mul(COST) / u64::from(lane.value).max(1);
            lane.spent = lane.spent.saturating_add(cost);
        }
    }

    /// A message of a stream for which there is [room](Self::reserve), and of which none is here,
    /// is being sent.
    pub(crate) fn serve(&mut self, stream: u16) {
        if let Some(lane) = self.lanes.get_mut(stream) {
            lane.served = true;
        }
    }

    /// A message, or a part of one, leaves: it was sent, or given up.
    pub(crate) fn remove<T>(&mut self, backlog: &mut Backlog<T>, stream: u16, id: Id) {
        let Some(lane) = self.lanes.get_mut(stream) else {
            return;
        };
        lane.messages.unlink(backlog, id);
        if let (true, Some(at)) = (lane.messages.is_empty(), lane.at) {
            self.leave(at as usize);
        }
    }

    /// Of the message that was being sent nothing is left.
    pub(crate) fn leave_message(&mut self, stream: u16) {
        let Some(lane) = self.lanes.get_mut(stream) else {
            return;
        };
        lane.served = false;
        if !lane.messages.is_empty() {
            self.enter(stream);
        }
    }

    /// The value of a stream.
    pub(crate) fn value(&self, stream: u16) -> u16 {
        let lane = self.lanes.get(stream);
        lane.map_or(self.scheduler.default_value(), |lane| lane.value)
    }

    /// Sets the value of a stream for which there is [room](Self::reserve). A weight counts from the
    /// next byte on.
    pub(crate) fn set_value(&mut self, stream: u16, value: u16) {
        let Some(lane) = self.lanes.get_mut(stream) else {
            return;
        };
        if self.scheduler.has_values() {
            lane.value = value;
        }
        if let (Scheduler::Priority, Some(at)) = (self.scheduler, lane.at) {
            let at = at as usize;
            if let Some(entry) = self.heap.get_mut(at) {
                entry.key = u64::from(value);
            }
            self.sift(at);
        }
    }

    /// There are no messages any more, and all streams begin anew, but for their values.
    pub(crate) fn clear(&mut self) {
        self.heap.clear();
        self.clock = 0;
        for lane in self.lanes.iter_mut() {
            lane.messages = List::new();
            lane.at = None;
            lane.served = false;
            lane.spent = 0;
        }
    }

    /// A stream begins to wait.
    fn enter(&mut self, stream: u16) {
        let Some(lane) = self.lanes.get_mut(stream) else {
            return;
        };
        let key = match self.scheduler {
            Scheduler::FirstCome | Scheduler::RoundRobin => 0,
            Scheduler::Priority => u64::from(lane.value),
            Scheduler::FairCapacity | Scheduler::WeightedFair => {
                lane.spent = lane.spent.max(self.clock);
                lane.spent
            }
        };
        let turn = self.turns;
        self.turns = turn.wrapping_add(1);
        let entry = Entry { key, turn, stream };
        let pushed = self.heap.push_within_capacity(entry);
        debug_assert!(pushed.is_ok(), "enter without reserve");
        let last = self.heap.len().saturating_sub(1);
        self.put(last, entry);
        self.sift(last);
    }

    /// Takes an entry out of the heap.
    fn leave(&mut self, at: usize) {
        let (Some(entry), Some(last)) = (self.heap.get(at).copied(), self.heap.pop()) else {
            return;
        };
        if at < self.heap.len() {
            self.put(at, last);
            self.sift(at);
        }
        if let Some(lane) = self.lanes.get_mut(entry.stream) {
            lane.at = None;
        }
    }

    fn put(&mut self, at: usize, entry: Entry) {
        if let Some(place) = self.heap.get_mut(at) {
            *place = entry;
        }
        if let Some(lane) = self.lanes.get_mut(entry.stream) {
            lane.at = u32::try_from(at).ok();
        }
    }

    fn exchange(&mut self, a: usize, b: usize) {
        if let (Some(&first), Some(&second)) = (self.heap.get(a), self.heap.get(b)) {
            self.put(a, second);
            self.put(b, first);
        }
    }

    fn is_before(&self, a: usize, b: usize) -> bool {
        let entries = (self.heap.get(a), self.heap.get(b));
        matches!(entries, (Some(a), Some(b)) if a.is_before(b))
    }

    /// Moves an entry to where it belongs.
    fn sift(&mut self, mut at: usize) {
        while at > 0 {
            let parent = at.saturating_sub(1) / 2;
            if !self.is_before(at, parent) {
                break;
            }
            self.exchange(at, parent);
            at = parent;
        }
        loop {
            let left = at.saturating_mul(2).saturating_add(1);
            let right = left.saturating_add(1);
            let child = if self.is_before(right, left) {
                right
            } else {
                left
            };
            if !self.is_before(child, at) {
                break;
            }
            self.exchange(at, child);
            at = child;
        }
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants<T>(&self, backlog: &Backlog<T>, begun: Option<u16>) {
        for (at, entry) in self.heap.iter().enumerate() {
            let parent = &self.heap[at.saturating_sub(1) / 2];
            assert!(!entry.is_before(parent), "the heap's order");
            let known = self.lanes.get(entry.stream).and_then(|lane| lane.at);
            assert_eq!(known, Some(at as u32), "stream {}", entry.stream);
        }
        let mut messages = 0;
        for (stream, lane) in self.lanes.iter() {
            let waits = !lane.messages.is_empty() && !lane.served;
            assert_eq!(lane.served, begun == Some(stream), "stream {stream}");
            assert_eq!(lane.at.is_some(), waits, "stream {stream}");
            messages += lane.messages.count(backlog);
        }
        assert_eq!(messages, backlog.len(), "messages in lanes");
    }
}
