// SPDX-License-Identifier: GPL-2.0

//! Cutting messages up, and the order in which they leave.

use std::collections::{HashMap, VecDeque};

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use crate::engine::{
    cx::Payload,
    serial::Ssn,
    tx::{failed::Failures, send_queue::SendQueue, ssn_table::SsnTable, Message, Policy},
};
use crate::tests::{
    sim::pattern,
    support::{cases, payload::Bytes},
};
use proptest::prelude::*;

fn message(stream: u16, unordered: bool, bytes: &[u8]) -> Message<Bytes> {
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
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let stream = prop_oneof![3 => 0..3_u16, 1 => any::<u16>()];
    let priority = proptest::option::of(0..4_u32);
    prop_oneof![
        8 => (stream, any::<bool>(), 1..3000_usize, priority).prop_map(
            |(stream, unordered, len, priority)| Op::Push { stream, unordered, len, priority }
        ),
        12 => (1..2000_usize).prop_map(Op::Send),
        2 => (0..4_u32, 1..6000_usize)
            .prop_map(|(priority, wanted)| Op::MakeRoom { priority, wanted }),
        1 => Just(Op::Restart),
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

proptest! {
    #![proptest_config(cases(400))]

    /// First come, first served: a message leaves whole before the next begins, an SSN is used up
    /// by the message that begins with it, and what is dropped has not begun.
    #[test]
    fn behaves_as_the_model(ops in proptest::collection::vec(op(), 1..150)) {
        let mut queue = SendQueue::new();
        let mut model: VecDeque<Entry> = VecDeque::new();
        let mut ssns: HashMap<u16, u16> = HashMap::new();
        for (seed, op) in ops.into_iter().enumerate() {
            match op {
                Op::Push { stream, unordered, len, priority } => {
                    let data = pattern(seed as u64, len);
                    let mut new = message(stream, unordered, &data);
                    new.policy = priority.map_or(Policy::Reliable, Policy::Priority);
                    queue.push(new, GFP_ATOMIC).unwrap();
                    model.push_back(Entry { stream, unordered, priority, data, sent: 0, ssn: 0 });
                }
                Op::Send(limit) => {
                    let fragment = queue.peek(limit);
                    prop_assert_eq!(fragment.is_some(), !model.is_empty());
                    let (Some(fragment), Some(first)) = (fragment, model.front_mut()) else {
                        continue;
                    };
                    prop_assert_eq!(fragment.begin, first.sent == 0);
                    if fragment.begin && !first.unordered {
                        let next = ssns.entry(first.stream).or_default();
                        first.ssn = *next;
                        *next = next.wrapping_add(1);
                    }
                    let end = first.data.len().min(first.sent + limit);
                    prop_assert_eq!(fragment.stream, first.stream);
                    prop_assert_eq!(fragment.unordered, first.unordered);
                    prop_assert_eq!(fragment.ssn, Ssn(first.ssn));
                    prop_assert_eq!(fragment.end, end == first.data.len());
                    let payload = queue.payload(&fragment).unwrap();
                    prop_assert_eq!(payload.as_slice(), &first.data[first.sent..end]);
                    queue.take(&fragment);
                    first.sent = end;
                    if fragment.end {
                        model.pop_front();
                    }
                }
                Op::MakeRoom { priority, wanted } => {
                    // A higher number is less important.
                    let is_meant = |policy| matches!(policy, Policy::Priority(p) if p > priority);
                    let mut failures = Failures::new(GFP_ATOMIC).unwrap();
                    let mut noted = Vec::new();
                    let note = |m: &Message<Bytes>| noted.push(m.payload.as_slice().to_vec());
                    let freed =
                        queue.drop_unsent(is_meant, wanted, GFP_ATOMIC, &mut failures, note).unwrap();
                    let mut memory = 0;
                    let mut expected = Vec::new();
                    model.retain(|entry| {
                        let is_meant = entry.sent == 0 && entry.priority.is_some_and(|p| p > priority);
                        let goes = is_meant && memory < wanted;
                        if goes {
                            memory += Bytes::new(&entry.data).truesize();
                            expected.push(entry.data.clone());
                        }
                        !goes
                    });
                    let dropped = std::iter::from_fn(|| failures.take(usize::MAX));
                    let dropped: Vec<_> = dropped.map(|f| f.payload.as_slice().to_vec()).collect();
                    prop_assert_eq!(freed, memory);
                    prop_assert_eq!(&noted, &expected);
                    prop_assert_eq!(dropped, expected);
                }
                Op::Restart => {
                    queue.restart();
                    model.clear();
                    ssns.clear();
                }
            }
            queue.check_invariants();
            prop_assert_eq!(queue.len(), model.len());
            let left: usize = model.iter().map(|entry| entry.data.len() - entry.sent).sum();
            prop_assert_eq!(queue.bytes(), left);
            prop_assert_eq!(queue.in_message(), model.front().is_some_and(|first| first.sent > 0));
        }
    }
}
