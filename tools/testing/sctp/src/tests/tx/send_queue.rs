// SPDX-License-Identifier: GPL-2.0

//! Cutting messages up, and the order in which they leave.

use std::collections::{BTreeMap, HashMap};

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use crate::engine::{
    cx::Payload,
    serial::Ssn,
    tx::{
        failed::Failures, schedule::Scheduler, send_queue::SendQueue, ssn_table::SsnTable, Message,
        Policy,
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
        assert!(queue.in_message());
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
    },
    /// Sends up to so many bytes.
    Send(usize),
    /// Makes room for something of that priority.
    MakeRoom {
        priority: u32,
        wanted: usize,
    },
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
        40 => (stream(), any::<bool>(), 1..3000_usize, priority).prop_map(
            |(stream, unordered, len, priority)| Op::Push { stream, unordered, len, priority }
        ),
        60 => (1..2000_usize).prop_map(Op::Send),
        10 => (0..4_u32, 1..6000_usize)
            .prop_map(|(priority, wanted)| Op::MakeRoom { priority, wanted }),
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
    data: Vec<u8>,
    sent: usize,
    ssn: u16,
}

/// The queue, with a walk over everything for each question.
#[derive(Default)]
struct Model {
    messages: Vec<Entry>,
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
        self.messages.iter().position(|entry| entry.sent > 0)
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
        let begin = entry.sent == 0;
        let stream = entry.stream;
        if begin {
            self.clock = self.spent.get(&stream).copied().unwrap_or(0);
            if !entry.unordered {
                let ssn = self.ssns.entry(stream).or_default();
                entry.ssn = *ssn;
                *ssn = ssn.wrapping_add(1);
            }
        }
        let data: Vec<_> = entry
            .data
            .iter()
            .skip(entry.sent)
            .take(limit)
            .copied()
            .collect();
        entry.sent += data.len();
        let end = entry.sent == entry.data.len();
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

    /// What is dropped for something of that priority.
    fn make_room(&mut self, priority: u32, wanted: usize) -> (usize, Vec<Vec<u8>>) {
        let (mut memory, mut dropped) = (0, Vec::new());
        self.messages.retain(|entry| {
            let is_meant = entry.sent == 0 && entry.priority.is_some_and(|p| p > priority);
            let goes = is_meant && memory < wanted;
            if goes {
                memory += Bytes::new(&entry.data).truesize();
                dropped.push(entry.data.clone());
            }
            !goes
        });
        self.update();
        (memory, dropped)
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
                Op::Push { stream, unordered, len, priority } => {
                    let data = pattern(seed as u64, len);
                    let mut new = message(stream, unordered, &data);
                    new.policy = priority.map_or(Policy::Reliable, Policy::Priority);
                    queue.push(new, GFP_ATOMIC).unwrap();
                    let entry = Entry { stream, unordered, priority, data, sent: 0, ssn: 0 };
                    model.messages.push(entry);
                    model.update();
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
                    let mut failures = Failures::new(GFP_ATOMIC).unwrap();
                    let mut noted = Vec::new();
                    let note = |m: &Message<Bytes>| noted.push(m.payload.as_slice().to_vec());
                    let freed =
                        queue.drop_unsent(is_meant, wanted, GFP_ATOMIC, &mut failures, note).unwrap();
                    let (memory, expected) = model.make_room(priority, wanted);
                    let dropped = std::iter::from_fn(|| failures.take(usize::MAX));
                    let dropped: Vec<_> = dropped.map(|f| f.payload.as_slice().to_vec()).collect();
                    prop_assert_eq!(freed, memory);
                    prop_assert_eq!(&noted, &expected);
                    prop_assert_eq!(dropped, expected);
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
                    model.messages.clear();
                    model.ssns.clear();
                    model.forget();
                }
            }
            queue.check_invariants();
            prop_assert_eq!(queue.scheduler(), model.scheduler);
            prop_assert_eq!(queue.len(), model.messages.len());
            let left = model.messages.iter().map(|entry| entry.data.len() - entry.sent);
            prop_assert_eq!(queue.bytes(), left.sum::<usize>());
            prop_assert_eq!(queue.in_message(), model.begun().is_some());
        }
    }
}
