// SPDX-License-Identifier: GPL-2.0

//! Who is next: RFC 8260, 3.

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use super::send_queue::message;
use crate::engine::tx::{schedule::Scheduler, send_queue::SendQueue};
use crate::tests::support::payload::Bytes;

type Queue = SendQueue<Bytes>;

/// A queue to which each stream has given so many messages of so many bytes, one after the other.
fn queue(scheduler: Scheduler, streams: &[(u16, usize, usize)]) -> Queue {
    let mut queue = SendQueue::new();
    queue.set_scheduler(scheduler, GFP_ATOMIC).unwrap();
    for &(stream, count, len) in streams {
        for _ in 0..count {
            push(&mut queue, stream, len);
        }
    }
    queue
}

fn push(queue: &mut Queue, stream: u16, len: usize) {
    queue
        .push(message(stream, false, &vec![0; len]), GFP_ATOMIC)
        .unwrap();
}

fn value(queue: &mut Queue, stream: u16, value: u16) {
    queue.set_value(stream, value, GFP_ATOMIC).unwrap();
}

/// Sends a piece of at most 1000 bytes and says of which stream it was.
fn send(queue: &mut Queue) -> Option<u16> {
    let fragment = queue.peek(1000)?;
    queue.take(&fragment);
    queue.check_invariants();
    Some(fragment.stream)
}

/// The streams of the next so many pieces.
fn streams(queue: &mut Queue, count: usize) -> Vec<u16> {
    (0..count).filter_map(|_| send(queue)).collect()
}

#[test]
fn first_come_first_served() {
    let mut queue = queue(Scheduler::FirstCome, &[(2, 2, 10), (1, 1, 10), (2, 1, 10)]);
    assert_eq!(streams(&mut queue, 9), [2, 2, 1, 2]);
}

#[test]
fn streams_take_turns() {
    let mut queue = queue(Scheduler::RoundRobin, &[(1, 3, 10), (2, 2, 10), (3, 1, 10)]);
    assert_eq!(streams(&mut queue, 9), [1, 2, 3, 1, 2, 1]);
}

#[test]
fn the_lowest_priority_value_goes_first_and_equal_ones_take_turns() {
    let mut queue = queue(Scheduler::Priority, &[(1, 2, 10), (2, 2, 10), (3, 2, 10)]);
    value(&mut queue, 1, 7);
    assert_eq!(streams(&mut queue, 9), [2, 3, 2, 3, 1, 1]);
}

#[test]
fn a_priority_can_be_changed_while_messages_wait() {
    let mut queue = queue(Scheduler::Priority, &[(1, 2, 10), (2, 2, 10), (3, 2, 10)]);
    for (stream, priority) in [(1, 1), (2, 2), (3, 3)] {
        value(&mut queue, stream, priority);
    }
    assert_eq!(streams(&mut queue, 1), [1]);
    value(&mut queue, 3, 0);
    assert_eq!(streams(&mut queue, 9), [3, 3, 1, 2, 2]);
}

#[test]
fn a_message_that_was_begun_is_finished_first() {
    let mut queue = queue(Scheduler::Priority, &[(5, 1, 3000)]);
    value(&mut queue, 5, 9);
    assert_eq!(streams(&mut queue, 1), [5]);
    push(&mut queue, 1, 10);
    assert_eq!(streams(&mut queue, 9), [5, 5, 1]);
}

#[test]
fn a_message_that_was_begun_is_finished_also_if_the_scheduler_changes() {
    let mut queue = queue(Scheduler::FirstCome, &[(5, 2, 3000), (1, 2, 10)]);
    assert_eq!(streams(&mut queue, 1), [5]);
    queue
        .set_scheduler(Scheduler::RoundRobin, GFP_ATOMIC)
        .unwrap();
    queue.check_invariants();
    assert_eq!(streams(&mut queue, 3), [5, 5, 1]);
    queue
        .set_scheduler(Scheduler::FirstCome, GFP_ATOMIC)
        .unwrap();
    assert_eq!(streams(&mut queue, 9), [5, 5, 5, 1]);
}

#[test]
fn small_messages_catch_up_with_large_ones() {
    // A hundred bytes each, however they are cut into messages.
    let mut queue = queue(Scheduler::FairCapacity, &[(1, 3, 100), (2, 30, 10)]);
    let order = streams(&mut queue, 99);
    assert_eq!(order[..2], [1, 2]);
    assert_eq!(order[2..11], [2; 9]);
    assert_eq!(order.iter().filter(|&&stream| stream == 1).count(), 3);
}

#[test]
fn capacity_is_shared_by_weight() {
    let mut queue = queue(Scheduler::WeightedFair, &[(1, 100, 50), (2, 100, 50)]);
    value(&mut queue, 1, 3);
    let order = streams(&mut queue, 80);
    let first = order.iter().filter(|&&stream| stream == 1).count();
    assert!((59..=61).contains(&first), "{first} of 80");
}

#[test]
fn who_was_silent_has_no_credit() {
    let mut queue = queue(Scheduler::FairCapacity, &[(1, 40, 100)]);
    assert_eq!(streams(&mut queue, 20), [1; 20]);
    // It takes turns from now on, and does not send twenty messages first.
    for _ in 0..10 {
        push(&mut queue, 2, 100);
    }
    let order = streams(&mut queue, 20);
    let second = order.iter().filter(|&&stream| stream == 2).count();
    assert!((9..=10).contains(&second), "{second} of 20: {order:?}");
}

#[test]
fn each_stream_keeps_its_own_order() {
    let mut queue = queue(Scheduler::RoundRobin, &[]);
    for len in 1..=5 {
        push(&mut queue, 1, len);
        push(&mut queue, 2, len);
    }
    let mut next = [1, 1];
    while let Some(fragment) = queue.peek(1000) {
        let next = &mut next[usize::from(fragment.stream - 1)];
        assert_eq!(fragment.range.len(), *next);
        assert_eq!(usize::from(fragment.ssn.0), *next - 1);
        *next += 1;
        queue.take(&fragment);
    }
    assert_eq!(next, [6, 6]);
}

#[test]
fn without_memory_everything_stays_as_it_was() {
    for n in 1.. {
        let mut queue = queue(Scheduler::FirstCome, &[(700, 1, 10), (1, 1, 10)]);
        let plan = fault::fail_nth(n);
        let result = queue.set_scheduler(Scheduler::RoundRobin, GFP_ATOMIC);
        let result = result.and_then(|()| queue.set_value(30_000, 1, GFP_ATOMIC));
        let pushed = queue.push(message(40_000, false, b"x"), GFP_ATOMIC);
        let failed = plan.has_failed();
        drop(plan);
        queue.check_invariants();
        let count = 2 + usize::from(pushed.is_ok());
        assert_eq!(streams(&mut queue, 9).len(), count);
        if !failed {
            assert!(result.is_ok() && pushed.is_ok() && n > 5);
            break;
        }
        assert!(result.is_err() || pushed.is_err());
    }
}

#[test]
fn a_stream_costs_nothing_before_it_is_used() {
    let before = fault::live_bytes();
    let mut queue = queue(Scheduler::Priority, &[(0, 1, 10), (u16::MAX, 1, 10)]);
    assert!(fault::live_bytes() - before < 65_536);
    assert_eq!(streams(&mut queue, 9), [0, u16::MAX]);
    drop(queue);
    assert_eq!(fault::live_bytes(), before);
}
