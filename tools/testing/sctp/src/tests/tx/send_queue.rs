// SPDX-License-Identifier: GPL-2.0

//! Cutting messages up.

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use crate::engine::{
    cx::Payload,
    serial::Ssn,
    tx::{send_queue::SendQueue, ssn_table::SsnTable, Message, Policy},
};
use crate::tests::{sim::pattern, support::payload::Bytes};

fn message(stream: u16, unordered: bool, bytes: &[u8]) -> Message<Bytes> {
    Message {
        stream,
        ppid: [1, 2, 3, 4],
        unordered,
        sack_immediately: true,
        policy: Policy::Reliable,
        to: None,
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
