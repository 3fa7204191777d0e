// SPDX-License-Identifier: GPL-2.0

//! Messages that the user hands in by parts (RFC 6458, 8.1.26): what others are told of them, and
//! what becomes of those that are never finished.

use kernel::fault;

use crate::engine::{
    assoc::{Message, Policy, SendError, State},
    event::{Closed, Failure},
    time::Duration,
    wire::{cause, chunk::ChunkType},
};
use crate::tests::{
    sim::{message, pattern, Fate, Flying, Net, Seen, A, Z},
    support::payload::Bytes,
};

const SIZE: usize = 10_000;
/// Some of them are longer than a packet.
const PARTS: [std::ops::Range<usize>; 5] = [0..1, 1..3000, 3000..3001, 3001..9999, 9999..SIZE];

fn data() -> Vec<u8> {
    pattern(1, SIZE)
}

fn part(stream: u16, bytes: &[u8], end: bool) -> Message<Bytes> {
    let message = message(stream, false, bytes);
    Message { end, ..message }
}

fn hand_in(net: &mut Net, message: Message<Bytes>) -> Result<(), SendError<Bytes>> {
    net.with(A, |assoc, cx| assoc.send(cx, message).map(|_| ()))
}

/// Hands in the first `n` parts of the message, and lets each arrive.
fn begin(net: &mut Net, stream: u16, n: usize) {
    for range in &PARTS[..n] {
        hand_in(net, part(stream, &data()[range.clone()], false)).unwrap();
        net.run_until(|net| net.hosts[A].assoc().has_sent_all());
    }
}

fn finish(net: &mut Net, stream: u16, n: usize) {
    for (i, range) in PARTS.iter().enumerate().skip(n) {
        let end = i + 1 == PARTS.len();
        hand_in(net, part(stream, &data()[range.clone()], end)).unwrap();
    }
}

/// Whether the peer gets no DATA.
fn no_data(p: &Flying) -> Fate {
    match p.to == Z && p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    }
}

/// What A was told of, as one, in pieces that are the first or the last one of their message only
/// at the ends.
fn failed(net: &Net, why: Failure) -> Vec<u8> {
    let failed = &net.hosts[A].failed;
    for (i, piece) in failed.iter().enumerate() {
        assert_eq!(piece.why, why);
        assert!(!piece.begin || i == 0);
        assert!(!piece.end || i + 1 == failed.len());
    }
    let pieces = failed.iter().map(|piece| piece.payload.as_slice());
    pieces.collect::<Vec<_>>().concat()
}

fn got(net: &Net) -> Vec<&[u8]> {
    net.hosts[Z].got.iter().map(|m| &m.bytes[..]).collect()
}

#[test]
fn parts_leave_as_they_come_and_arrive_as_one_message() {
    for unordered in [false, true] {
        let mut net = Net::connected(80);
        net.send(A, 1, b"before");
        for (i, range) in PARTS.iter().enumerate() {
            let end = i + 1 == PARTS.len();
            let message = message(1, unordered, &data()[range.clone()]);
            hand_in(&mut net, Message { end, ..message }).unwrap();
            // It is the user that there is to wait for.
            net.run_until(|net| net.hosts[A].assoc().has_sent_all());
            assert_eq!(got(&net).len(), 1 + usize::from(end));
            net.run_for(Duration::from_secs(30));
        }
        net.send(A, 1, b"after");
        net.run_until(|net| net.hosts[Z].got.len() == 3);
        assert_eq!(got(&net), [b"before", &data()[..], b"after"]);
        net.finish(A);
    }
}

#[test]
fn parts_of_a_message_that_waits_leave_as_one_as_well() {
    let mut net = Net::new(81);
    net.hosts[Z].listens = true;
    while !net.try_connect(A) {}
    hand_in(&mut net, part(0, b"before", true)).unwrap();
    finish(&mut net, 1, 0);
    hand_in(&mut net, part(0, b"after", true)).unwrap();
    net.run_until(|net| net.hosts[Z].got.len() == 3);
    assert_eq!(got(&net), [b"before", &data()[..], b"after"]);
    net.finish(A);
}

/// A packet that is not filled waits for what else the user has, as long as another one is on
/// its way, as do messages that are short (Nagle).
#[test]
fn short_parts_share_packets() {
    let mut net = Net::connected(82);
    net.link.delay = Duration::from_millis(10);
    net.sent.clear();
    for n in 0..100 {
        hand_in(&mut net, part(0, &pattern(n, 10), n == 99)).unwrap();
    }
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    let packets = net.sent.iter().filter(|p| !p.tsns().is_empty()).count();
    assert!(packets < 5, "{packets} packets");
    net.finish(A);
}

#[test]
fn nothing_else_is_taken_before_the_end() {
    let mut net = Net::connected(83);
    begin(&mut net, 1, 2);
    let other_ppid = Message {
        ppid: [9; 4],
        ..part(1, b"x", true)
    };
    let unordered = message(1, true, b"x");
    for other in [
        part(0, b"x", true),
        part(2, b"x", false),
        other_ppid,
        unordered,
    ] {
        let refused = hand_in(&mut net, other);
        assert!(matches!(refused, Err(SendError::BadStream(_))));
    }
    finish(&mut net, 1, 2);
    net.send(A, 0, b"x");
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    assert_eq!(got(&net), [&data()[..], b"x"]);
    net.finish(A);
}

/// Nothing of it was sent: it leaves the queue, and the peer hears of nothing.
#[test]
fn a_shutdown_gives_up_what_waits_and_is_not_finished() {
    let mut net = Net::new(84);
    net.hosts[Z].listens = true;
    while !net.try_connect(A) {}
    hand_in(&mut net, part(0, b"whole", true)).unwrap();
    hand_in(&mut net, part(1, b"half", false)).unwrap();
    net.shutdown(A);
    let late = hand_in(&mut net, part(1, b"late", true));
    assert!(matches!(late, Err(SendError::ShuttingDown(_))));
    net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
    assert_eq!(net.hosts[A].end(), Some(Closed::Shutdown));
    assert_eq!(got(&net), [b"whole"]);
    assert_eq!(failed(&net, Failure::Abandoned), b"half");
}

/// The peer has a part of it, and is told that the rest will not come.
#[test]
fn a_shutdown_gives_up_what_was_begun_and_is_not_finished() {
    for (seed, who) in [(85, A), (86, Z)] {
        let mut net = Net::connected(seed);
        begin(&mut net, 1, 2);
        net.filter(no_data);
        hand_in(&mut net, part(1, &data()[PARTS[2].clone()], false)).unwrap();
        net.shutdown(who);
        net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
        for host in &net.hosts {
            assert_eq!(host.end(), Some(Closed::Shutdown));
        }
        assert!(got(&net).is_empty());
        // What was acknowledged is not told.
        assert_eq!(failed(&net, Failure::Abandoned), &data()[PARTS[2].clone()]);
    }
}

/// It cannot be told by a FORWARD TSN: so it is by an ABORT.
#[test]
fn a_shutdown_amid_a_message_that_cannot_be_given_up_is_an_abort() {
    let mut net = Net::new(87);
    net.hosts[Z].config.prsctp_enabled = false;
    net.open();
    begin(&mut net, 1, 2);
    net.shutdown(A);
    net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
    let (cause, setup) = (cause::USER_INITIATED_ABORT, false);
    let peer = Closed::PeerAborted { cause, setup };
    assert_eq!(net.hosts[A].end(), Some(Closed::Aborted { cause, setup }));
    assert_eq!(net.hosts[Z].end(), Some(peer));
    assert!(got(&net).is_empty());
}

#[test]
fn the_end_of_the_association_is_the_end_of_the_message() {
    let mut net = Net::connected(88);
    begin(&mut net, 1, 1);
    net.filter(no_data);
    hand_in(&mut net, part(1, &data()[PARTS[1].clone()], false)).unwrap();
    hand_in(&mut net, part(1, &data()[PARTS[2].clone()], false)).unwrap();
    net.with(A, |assoc, cx| assoc.abort(cx, 12, &[]));
    assert_eq!(failed(&net, Failure::Ended { cause: 12 }), &data()[1..3001]);
    assert!(!net.hosts[A].failed.last().unwrap().end);
}

/// What comes of it later comes back, until its end.
#[test]
fn the_rest_of_a_message_that_was_given_up_comes_back() {
    for begun in [false, true] {
        let mut net = Net::connected(89);
        if begun {
            net.filter(no_data);
        } else {
            // The window is closed.
            net.hosts[Z].reads = false;
            net.send(A, 0, &pattern(7, 200_000));
            net.run_for(Duration::from_secs(10));
        }
        let policy = Policy::Timed(net.now.plus(Duration::from_millis(100)));
        let message = part(1, &data()[PARTS[0].clone()], false);
        hand_in(&mut net, Message { policy, ..message }).unwrap();
        net.run_until(|net| !net.hosts[A].failed.is_empty());
        net.no_filter();
        finish(&mut net, 1, 1);
        assert!(failed(&net, Failure::Abandoned) == data());
        net.send(A, 1, b"after");
        net.read_all(Z);
        net.hosts[Z].reads = true;
        net.run_until(|net| got(net).ends_with(&[b"after"]));
        net.finish(A);
    }
}

/// Its parts have the policy of the first one.
#[test]
fn all_of_a_message_is_given_up() {
    let mut net = Net::connected(90);
    net.filter(no_data);
    let until = net.now.plus(Duration::from_secs(2));
    for (i, range) in PARTS.iter().enumerate() {
        let mut message = part(1, &data()[range.clone()], i + 1 == PARTS.len());
        if i == 0 {
            message.policy = Policy::Timed(until);
        }
        hand_in(&mut net, message).unwrap();
    }
    net.run_until(|net| net.hosts[A].failed.last().is_some_and(|piece| piece.end));
    assert!(failed(&net, Failure::Abandoned) == data());
    net.no_filter();
    net.send(A, 1, b"after");
    net.run_until(|net| !net.hosts[Z].got.is_empty());
    assert_eq!(got(&net), [b"after"]);
    net.finish(A);
}

/// Whatever the user says about a later part.
#[test]
fn a_message_makes_no_room_for_itself() {
    let mut net = Net::connected(95);
    net.filter(no_data);
    for (i, range) in PARTS[..2].iter().enumerate() {
        let mut message = part(1, &data()[range.clone()], false);
        message.policy = Policy::Priority(5);
        let more_important = Policy::Priority(1 + i as u32);
        net.with(A, |assoc, cx| assoc.make_room(cx, 1, more_important));
        hand_in(&mut net, message).unwrap();
    }
    assert!(net.hosts[A].failed.is_empty());
    net.with(A, |assoc, cx| assoc.abort(cx, 12, &[]));
}

#[test]
fn the_rest_comes_back_after_a_restart_of_the_peer() {
    let mut net = Net::connected(91);
    begin(&mut net, 1, 2);
    net.hosts[Z].assoc = None;
    net.hosts[A].listens = true;
    net.hosts[Z].seen.clear();
    while !net.try_connect(Z) {}
    net.run_until(|net| net.hosts[A].seen.contains(&Seen::Restarted));
    finish(&mut net, 1, 2);
    assert_eq!(failed(&net, Failure::Restarted), &data()[3000..]);
    net.send(A, 1, b"after");
    net.run_until(|net| !net.hosts[Z].got.is_empty());
    assert_eq!(got(&net), [b"after"]);
    net.finish(A);
}

/// The peer agrees to fewer streams than it is for.
#[test]
fn the_rest_comes_back_if_there_is_no_such_stream() {
    let mut net = Net::new(92);
    net.hosts[Z].listens = true;
    net.hosts[Z].config.max_in_streams = 1;
    while !net.try_connect(A) {}
    hand_in(&mut net, part(1, &data()[PARTS[0].clone()], false)).unwrap();
    net.run_until(|net| net.hosts[A].seen.contains(&Seen::Up));
    finish(&mut net, 1, 1);
    assert!(failed(&net, Failure::BadStream) == data());
    net.send(A, 0, b"after");
    net.run_until(|net| !net.hosts[Z].got.is_empty());
    assert_eq!(got(&net), [b"after"]);
    net.finish(A);
}

/// Without memory a part is given back, and a shutdown takes a little longer.
#[test]
fn each_allocation_fails_once() {
    for n in 1.. {
        let mut net = Net::connected(93);
        net.send(A, 0, b"before");
        net.run_until(|net| net.hosts[A].assoc().has_sent_all());
        let plan = fault::fail_nth(n);
        for (i, range) in PARTS.iter().enumerate().take(4) {
            let mut message = part(1, &data()[range.clone()], false);
            while let Err(error) = hand_in(&mut net, message) {
                let SendError::NoMemory(back) = error else {
                    panic!("{error:?}");
                };
                message = back;
            }
            net.run_for(Duration::from_millis(i as u32));
        }
        net.shutdown(A);
        net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
        let has_failed = plan.has_failed();
        drop(plan);
        assert_eq!(net.hosts[A].end(), Some(Closed::Shutdown));
        assert_eq!(got(&net), [b"before"]);
        if !has_failed {
            assert!(n > 10, "only {n} allocations");
            break;
        }
    }
}

/// A message that is not finished holds up nothing that is not behind it.
#[test]
fn others_before_it_are_sent() {
    let mut net = Net::connected(94);
    for n in 0..20 {
        net.send(A, n % 3, &pattern(n.into(), 3000));
    }
    hand_in(&mut net, part(1, b"half", false)).unwrap();
    net.run_until(|net| net.hosts[Z].got.len() == 20);
    assert_eq!(net.hosts[A].state(), State::Established);
    net.run_until(|net| net.hosts[A].assoc().has_sent_all());
    net.finish(A);
}
