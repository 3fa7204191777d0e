// SPDX-License-Identifier: GPL-2.0

//! Cutting messages up, and the order in which they leave.

use std::collections::{BTreeMap, HashMap, VecDeque};

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use crate::engine::{
    cx::Payload,
    event::Failure,
    serial::Ssn,
    tx::{
        failed::Failures,
        schedule::Scheduler,
        send_queue::{Fate, SendQueue},
        ssn_table::SsnTable,
        Message, Policy,
    },
};
use crate::tests::{
    sim::pattern,
    support::{cases, payload::Bytes},
};
use proptest::prelude::*;

pub(super) fn message(stream: u16, unordered: bool, bytes: &[u8]) -> Message<Bytes> {
    Message {
        stream,
        ppid: [1, 2, 3, 4],
        unordered,
        end: true,
        sack_immediately: true,
        policy: Policy::Reliable,
        to: None,
        context: 5,
        payload: Bytes::new(bytes),
    }
}

#[test]
fn fragments_make_up_the_message() {
    let mut queue = SendQueue::new();
    let data = pattern(1, 10_000);
    queue.push(message(7, false, &data), GFP_ATOMIC).unwrap();
    queue.push(message(7, false, &[1]), GFP_ATOMIC).unwrap();
    queue.push(message(7, true, &[2]), GFP_ATOMIC).unwrap();
    assert_eq!((queue.len(), queue.bytes()), (3, 10_002));
    assert_eq!((queue.chunks(1000), queue.chunks(999)), (12, 13));
    let mut joined = Vec::new();
    for size in (1..).map(|n| n * 100) {
        let fragment = queue.peek(size).unwrap();
        assert_eq!(fragment.begin, joined.is_empty());
        assert_eq!(fragment.ssn, Ssn(0));
        assert_eq!(fragment.immediate, fragment.end);
        let payload = queue.payload(&fragment).unwrap();
        assert_eq!(payload.len(), fragment.range.len());
        joined.extend_from_slice(payload.as_slice());
        queue.take(&fragment);
        queue.check_invariants();
        if fragment.end {
            break;
        }
        assert!(queue.begun().is_some());
    }
    assert_eq!(joined, data);
    let fragment = queue.peek(100).unwrap();
    assert!(fragment.begin && fragment.end && fragment.ssn == Ssn(1));
    queue.take(&fragment);
    let fragment = queue.peek(100).unwrap();
    assert!(fragment.unordered);
    queue.take(&fragment);
    assert!(queue.is_empty());
    assert_eq!(queue.bytes(), 0);
    assert!(queue.peek(100).is_none());
}

#[test]
fn parts_make_up_one_message() {
    let mut queue = SendQueue::new();
    let part = |bytes, end| Message {
        end,
        ..message(7, false, bytes)
    };
    queue.push(part(b"one", false), GFP_ATOMIC).unwrap();
    let send = |queue: &mut SendQueue<Bytes>| {
        let f = queue.peek(100)?;
        let payload = queue.payload(&f).unwrap().as_slice().to_vec();
        queue.take(&f);
        queue.check_invariants();
        Some((f.begin, f.end, f.ssn.0, payload))
    };
    assert_eq!(send(&mut queue), Some((true, false, 0, b"one".to_vec())));
    // It is the user's turn.
    assert_eq!(send(&mut queue), None);
    assert!(queue.is_empty() && queue.begun().is_some() && !queue.has_end_of_begun());
    queue.push(part(b"two", false), GFP_ATOMIC).unwrap();
    queue.push(part(b"three", true), GFP_ATOMIC).unwrap();
    queue.push(part(b"next", true), GFP_ATOMIC).unwrap();
    assert!(queue.has_end_of_begun() && queue.unfinished().is_none());
    assert_eq!(send(&mut queue), Some((false, false, 0, b"two".to_vec())));
    assert_eq!(send(&mut queue), Some((false, true, 0, b"three".to_vec())));
    assert!(queue.begun().is_none());
    assert_eq!(send(&mut queue), Some((true, true, 1, b"next".to_vec())));
}

#[test]
fn failed_allocations_give_the_message_back() {
    for n in 1.. {
        let mut queue = SendQueue::new();
        let plan = fault::fail_nth(n);
        let result = queue.push(message(40_000, false, b"x"), GFP_ATOMIC);
        if !plan.has_failed() {
            assert!(result.is_ok() && n > 3);
            break;
        }
        drop(plan);
        let back = result.unwrap_err();
        assert_eq!(back.payload.as_slice(), b"x");
        queue.check_invariants();
        assert!(queue.is_empty());
        queue.push(back, GFP_ATOMIC).unwrap();
    }
}

#[test]
fn ssn_table_is_sparse() {
    let mut table = SsnTable::new();
    let before = fault::live_bytes();
    for stream in [0, 127, 128, u16::MAX] {
        assert_eq!(table.get(stream), Ssn(0));
        table.reserve(stream, GFP_ATOMIC).unwrap();
        table.set(stream, Ssn(stream ^ 5));
    }
    for stream in [0, 127, 128, u16::MAX] {
        assert_eq!(table.get(stream), Ssn(stream ^ 5));
    }
    assert_eq!(table.get(129), Ssn(0));
    assert!(fault::live_bytes() - before < 32_768);
    table.clear();
    assert_eq!(table.get(0), Ssn(0));
}

#[derive(Clone, Debug)]
enum Op {
    Push {
        stream: u16,
        unordered: bool,
        len: usize,
        priority: Option<u32>,
        /// Whether the message ends with it.
        end: bool,
    },
    /// Sends up to so many bytes.
    Send(usize),
    /// Makes room for something of that priority.
    MakeRoom {
        priority: u32,
        wanted: usize,
    },
    /// Gives up the message whose turn it is.
    DropFront,
    Choose(Scheduler),
    Value {
        stream: u16,
        value: u16,
    },
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let stream = || prop_oneof![3 => 0..4_u16, 1 => any::<u16>()];
    let priority = proptest::option::of(0..4_u32);
    let scheduler = prop_oneof![
        Just(Scheduler::FirstCome),
        Just(Scheduler::Priority),
        Just(Scheduler::RoundRobin),
        Just(Scheduler::FairCapacity),
        Just(Scheduler::WeightedFair),
    ];
    prop_oneof![
        40 => (stream(), any::<bool>(), 1..3000_usize, priority, proptest::bool::weighted(0.7))
            .prop_map(|(stream, unordered, len, priority, end)| {
                Op::Push { stream, unordered, len, priority, end }
            }),
        60 => (1..2000_usize).prop_map(Op::Send),
        10 => (0..4_u32, 1..6000_usize)
            .prop_map(|(priority, wanted)| Op::MakeRoom { priority, wanted }),
        5 => Just(Op::DropFront),
        5 => scheduler.prop_map(Op::Choose),
        10 => (stream(), 1..5_u16).prop_map(|(stream, value)| Op::Value { stream, value }),
        2 => Just(Op::Restart),
    ]
}

/// A message as the model keeps it.
struct Entry {
    stream: u16,
    unordered: bool,
    priority: Option<u32>,
    /// What was not sent.
    parts: VecDeque<Vec<u8>>,
    /// Whether the user has handed in the last one.
    finished: bool,
    begun: bool,
    ssn: u16,
}

/// A message that is not finished.
#[derive(Clone, Copy)]
struct Unfinished {
    stream: u16,
    unordered: bool,
    priority: Option<u32>,
    given_up: bool,
}

/// The queue, with a walk over everything for each question.
#[derive(Default)]
struct Model {
    messages: Vec<Entry>,
    unfinished: Option<Unfinished>,
    ssns: HashMap<u16, u16>,
    scheduler: Scheduler,
    values: HashMap<u16, u16>,
    /// Thousandths of bytes, divided by the weights.
    spent: HashMap<u16, u64>,
    /// Streams that wait for their turn, with what they had spent when they came, and since when.
    waiting: BTreeMap<u16, (u64, usize)>,
    turns: usize,
    clock: u64,
}

impl Model {
    fn value(&self, stream: u16) -> u16 {
        let default = u16::from(self.scheduler == Scheduler::WeightedFair);
        self.values.get(&stream).copied().unwrap_or(default)
    }

    fn begun(&self) -> Option<usize> {
        self.messages.iter().position(|entry| entry.begun)
    }

    /// Streams with messages that were not begun wait, unless one of theirs was, and no others.
    fn update(&mut self) {
        let served = self.begun().map(|i| self.messages[i].stream);
        let is_waiting = |stream| {
            let mut of_it = self.messages.iter().filter(|entry| entry.stream == stream);
            Some(stream) != served && of_it.next().is_some()
        };
        self.waiting.retain(|stream, _| is_waiting(*stream));
        for entry in &self.messages {
            if is_waiting(entry.stream) && !self.waiting.contains_key(&entry.stream) {
                let spent = self.spent.entry(entry.stream).or_default();
                *spent = self.clock.max(*spent);
                self.waiting.insert(entry.stream, (*spent, self.turns));
                self.turns += 1;
            }
        }
    }

    /// Whose turn it is.
    fn next(&self) -> Option<usize> {
        let first_of = |stream| {
            self.messages
                .iter()
                .position(|entry| entry.stream == stream)
        };
        let by = |key: &dyn Fn(u16, u64) -> u64| {
            let streams = self.waiting.iter();
            let first =
                streams.min_by_key(|(stream, (spent, turn))| (key(**stream, *spent), *turn));
            first_of(*first?.0)
        };
        self.begun().or_else(|| match self.scheduler {
            Scheduler::FirstCome => (!self.messages.is_empty()).then_some(0),
            Scheduler::Priority => by(&|stream, _| self.value(stream).into()),
            Scheduler::RoundRobin => by(&|_, _| 0),
            Scheduler::FairCapacity | Scheduler::WeightedFair => by(&|_, spent| spent),
        })
    }

    /// Sends up to so many bytes.
    fn send(&mut self, limit: usize) -> Option<(u16, bool, Ssn, bool, bool, Vec<u8>)> {
        let next = self.next()?;
        let entry = &mut self.messages[next];
        let part = entry.parts.front_mut()?;
        let data: Vec<_> = part.drain(..limit.min(part.len())).collect();
        if part.is_empty() {
            entry.parts.pop_front();
        }
        let end = entry.finished && entry.parts.is_empty();
        let begin = !entry.begun;
        entry.begun = true;
        let stream = entry.stream;
        if begin {
            self.clock = self.spent.get(&stream).copied().unwrap_or(0);
            if !entry.unordered {
                let ssn = self.ssns.entry(stream).or_default();
                entry.ssn = *ssn;
                *ssn = ssn.wrapping_add(1);
            }
        }
        let fragment = (stream, entry.unordered, Ssn(entry.ssn), begin, end, data);
        let weight = match self.scheduler {
            Scheduler::WeightedFair => self.value(stream).into(),
            _ => 1,
        };
        *self.spent.entry(stream).or_default() += ((fragment.5.len() as u64) << 16) / weight;
        self.update();
        if end {
            self.messages.remove(next);
            self.update();
        }
        Some(fragment)
    }

    /// A part comes; what the user gets back if its message was given up.
    fn push(&mut self, new: Unfinished, data: Vec<u8>, end: bool) -> Option<Vec<u8>> {
        let before = self.unfinished;
        self.unfinished = (!end).then_some(before.unwrap_or(new));
        match before {
            Some(unfinished) if unfinished.given_up => return Some(data),
            Some(_) => {
                let entry = self.messages.last_mut().unwrap();
                entry.parts.push_back(data);
                entry.finished = end;
            }
            None => self.messages.push(Entry {
                stream: new.stream,
                unordered: new.unordered,
                priority: new.priority,
                parts: [data].into(),
                finished: end,
                begun: false,
                ssn: 0,
            }),
        }
        self.update();
        None
    }

    /// Messages are given up: what of them was not sent.
    fn give_up(&mut self, is_meant: impl Fn(usize, &Entry) -> bool) -> Vec<Vec<u8>> {
        let mut dropped = Vec::new();
        let mut i = 0;
        self.messages.retain(|entry| {
            let goes = is_meant(i, entry);
            i += 1;
            if goes {
                dropped.extend(entry.parts.iter().cloned());
                if let Some(unfinished) = self.unfinished.as_mut().filter(|_| !entry.finished) {
                    unfinished.given_up = true;
                }
            }
            !goes
        });
        self.update();
        dropped
    }

    /// What is dropped for something of that priority: the memory, all parts, the first ones.
    fn make_room(&mut self, priority: u32, wanted: usize) -> (usize, Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let (mut memory, mut noted, mut goes) = (0, Vec::new(), Vec::new());
        for (i, entry) in self.messages.iter().enumerate() {
            let is_meant = !entry.begun && entry.priority.is_some_and(|p| p > priority);
            if is_meant && memory < wanted {
                let sizes = entry.parts.iter().map(|part| Bytes::new(part).truesize());
                memory += sizes.sum::<usize>();
                noted.push(entry.parts[0].clone());
                goes.push(i);
            }
        }
        (memory, self.give_up(|i, _| goes.contains(&i)), noted)
    }

    fn drop_front(&mut self) -> Vec<Vec<u8>> {
        let next = self.next();
        self.give_up(|i, _| Some(i) == next)
    }

    fn choose(&mut self, scheduler: Scheduler) {
        if scheduler != self.scheduler {
            self.scheduler = scheduler;
            self.values.clear();
            self.forget();
            self.update();
        }
    }

    /// What streams have sent, and how long they have waited.
    fn forget(&mut self) {
        self.waiting.clear();
        self.spent.clear();
        self.clock = 0;
    }
}

/// The payload of all that has failed.
fn all(failures: &mut Failures<Bytes>) -> Vec<Vec<u8>> {
    let failed = std::iter::from_fn(|| failures.take(usize::MAX));
    failed.map(|f| f.payload.as_slice().to_vec()).collect()
}

proptest! {
    #![proptest_config(cases(600))]

    /// A message leaves whole before the next begins, which is the one that the scheduler wants; an
    /// SSN is used up by the message that begins with it, and what is dropped has not begun.
    #[test]
    fn behaves_as_the_model(ops in proptest::collection::vec(op(), 1..150)) {
        let mut queue = SendQueue::new();
        let mut model = Model::default();
        for (seed, op) in ops.into_iter().enumerate() {
            match op {
                Op::Push { stream, unordered, len, priority, end } => {
                    let data = pattern(seed as u64, len);
                    // Until a message is finished, there are only parts of it.
                    let new = Unfinished { stream, unordered, priority, given_up: false };
                    let new = model.unfinished.unwrap_or(new);
                    let mut part = message(new.stream, new.unordered, &data);
                    part.end = end;
                    part.policy = new.priority.map_or(Policy::Reliable, Policy::Priority);
                    let fate = queue.unfinished().map(|unfinished| unfinished.fate);
                    let back = if let Some(Fate::GivenUp(why)) = fate {
                        let back = queue.refuse(part, why).unwrap();
                        prop_assert!(!back.begin && back.end == end);
                        Some(back.payload.as_slice().to_vec())
                    } else {
                        queue.push(part, GFP_ATOMIC).unwrap();
                        None
                    };
                    prop_assert_eq!(back, model.push(new, data, end));
                }
                Op::Send(limit) => {
                    let sent = queue.peek(limit).map(|f| {
                        let payload = queue.payload(&f).unwrap().as_slice().to_vec();
                        queue.take(&f);
                        (f.stream, f.unordered, f.ssn, f.begin, f.end, payload)
                    });
                    prop_assert_eq!(sent, model.send(limit));
                }
                Op::MakeRoom { priority, wanted } => {
                    // A higher number is less important.
                    let is_meant = |policy| matches!(policy, Policy::Priority(p) if p > priority);
                    let mut failures = Failures::new();
                    let mut noted = Vec::new();
                    let note = |m: &Message<Bytes>| noted.push(m.payload.as_slice().to_vec());
                    let freed =
                        queue.drop_unsent(is_meant, wanted, GFP_ATOMIC, &mut failures, note).unwrap();
                    let (memory, expected, first) = model.make_room(priority, wanted);
                    prop_assert_eq!(freed, memory);
                    prop_assert_eq!(noted, first);
                    prop_assert_eq!(all(&mut failures), expected);
                }
                Op::DropFront => {
                    let mut failures = Failures::new();
                    let why = Failure::Abandoned;
                    queue.drop_front(why, GFP_ATOMIC, &mut failures).unwrap();
                    prop_assert_eq!(all(&mut failures), model.drop_front());
                }
                Op::Choose(scheduler) => {
                    queue.set_scheduler(scheduler, GFP_ATOMIC).unwrap();
                    model.choose(scheduler);
                }
                Op::Value { stream, value } => {
                    queue.set_value(stream, value, GFP_ATOMIC).unwrap();
                    model.values.insert(stream, value);
                }
                Op::Restart => {
                    queue.restart();
                    model.give_up(|_, _| true);
                    model.ssns.clear();
                    model.forget();
                }
            }
            queue.check_invariants();
            prop_assert_eq!(queue.scheduler(), model.scheduler);
            let parts = || model.messages.iter().flat_map(|entry| &entry.parts);
            prop_assert_eq!(queue.len(), parts().count());
            prop_assert_eq!(queue.bytes(), parts().map(Vec::len).sum::<usize>());
            prop_assert_eq!(queue.begun().is_some(), model.begun().is_some());
        }
    }
}
