// SPDX-License-Identifier: GPL-2.0

//! What could not be sent, and that nothing is left to be sent: what users are told of either
//! (RFC 6458, 6.1.4, 6.1.9, 6.1.11). That nothing is left out, whatever happens, and be memory
//! short, is for the oracle of the simulator.

use kernel::alloc::flags::GFP_ATOMIC;

use crate::engine::{
    assoc::{Policy, State},
    event::{Closed, Event, Failure, SendFailed},
    ring::Ring,
    time::Duration,
    tx::{failed::Failures, send_queue::SendQueue},
    wire::{cause, chunk::ChunkType},
};
use crate::tests::{
    sim::{message, pattern, Fate, Flying, Net, Seen, A, Z},
    support::payload::Bytes,
};

const SIZE: usize = 5000;

/// Whether the peer gets no DATA.
fn no_data(p: &Flying) -> Fate {
    match p.to == Z && p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    }
}

/// Hands in messages of `SIZE` bytes, whose context is their number.
fn send(net: &mut Net, numbers: std::ops::Range<u32>) {
    for context in numbers {
        let mut message = message(1, false, &pattern(u64::from(context), SIZE));
        message.context = context;
        net.with(A, |assoc, cx| assoc.send(cx, message)).unwrap();
    }
}

/// An association of which A has so many messages to send that not all can have left.
fn stuck(messages: u32) -> Net {
    let mut net = Net::connected(1);
    net.filter(no_data);
    send(&mut net, 0..messages);
    assert!(net.hosts[A].assoc().unsent_bytes() > SIZE);
    net
}

/// Checks that the messages of `from` and those after it have failed, in order, in pieces that
/// were or would have been chunks. Says how many pieces were sent, and how long those are that were
/// not, the last one of a message excepted.
fn check(failed: &[SendFailed<Bytes>], from: u32, why: Failure) -> (usize, Option<usize>) {
    let mut context = from;
    let len = |piece: &SendFailed<Bytes>| piece.payload.as_slice().len();
    let full = failed.iter().find(|piece| !piece.was_sent && !piece.end);
    let full = full.map(len);
    let mut bytes = Vec::new();
    for (i, piece) in failed.iter().enumerate() {
        assert_eq!((piece.why, piece.stream, piece.context), (why, 1, context));
        assert!(!piece.unordered);
        assert_eq!(piece.begin, bytes.is_empty());
        assert!(!piece.was_sent || i == 0 || failed[i - 1].was_sent, "order");
        bytes.extend_from_slice(piece.payload.as_slice());
        assert_eq!(piece.end, bytes.len() == SIZE);
        let is_full = Some(len(piece)) == full;
        let is_last = piece.end && full.is_none_or(|full| len(piece) <= full);
        assert!(piece.was_sent || is_full || is_last);
        if piece.end {
            assert!(bytes == pattern(u64::from(context), SIZE));
            bytes.clear();
            context += 1;
        }
    }
    assert!(bytes.is_empty(), "the end of a message is missing");
    (failed.iter().filter(|piece| piece.was_sent).count(), full)
}

#[test]
fn what_was_left_is_told_after_the_end() {
    const USER: u16 = cause::USER_INITIATED_ABORT;
    let mut net = stuck(20);
    let frag_point = net.hosts[A].assoc().frag_point();
    let mut failed = Vec::new();
    net.with(A, |assoc, cx| {
        let sent = assoc.unacked_chunks();
        assoc.abort(cx, USER, &[]);
        assoc.check_invariants();
        let end = assoc.poll_event();
        let setup = false;
        let expected = Closed::Aborted { cause: USER, setup };
        assert!(matches!(end, Some(Event::Closed(end)) if end == expected));
        while let Some(event) = assoc.poll_event() {
            let Event::SendFailed(piece) = event else {
                panic!("{event:?} after the end");
            };
            failed.push(piece);
        }
        let why = Failure::Ended { cause: USER };
        assert_eq!(check(&failed, 0, why), (sent, Some(frag_point)));
        assert!(failed.len() > sent);
    });
    let last = failed.last().unwrap();
    assert_eq!(last.context, 19);
}

#[test]
fn the_error_is_that_of_the_end() {
    let aborted = Failure::Ended { cause: 12 };
    for (why, end) in [
        (
            aborted,
            (|net| net.with(Z, |z, cx| z.abort(cx, 12, &[]))) as fn(&mut Net),
        ),
        (Failure::Ended { cause: 0 }, |net| {
            net.filter(|_| Fate::Lose)
        }),
    ] {
        let mut net = stuck(12);
        end(&mut net);
        net.run_until(|net| net.hosts[A].assoc.is_none());
        let failed = &net.hosts[A].failed;
        assert!(check(failed, 0, why).0 > 0);
        assert_eq!(failed.last().unwrap().context, 11);
    }
}

#[test]
fn what_was_acknowledged_is_not_told() {
    let mut net = Net::connected(2);
    send(&mut net, 0..3);
    net.run_until(|net| net.hosts[A].assoc().has_sent_all());
    net.filter(no_data);
    send(&mut net, 3..12);
    net.with(A, |assoc, cx| assoc.abort(cx, 0, &[]));
    check(&net.hosts[A].failed, 3, Failure::Ended { cause: 0 });
}

#[test]
fn messages_for_an_association_that_does_not_come_up() {
    let mut net = Net::new(3);
    net.hosts[Z].listens = false;
    while !net.try_connect(A) {}
    send(&mut net, 0..4);
    net.run_until(|net| net.hosts[A].assoc.is_none());
    let why = Failure::Ended { cause: 0 };
    let failed = &net.hosts[A].failed;
    assert_eq!(check(failed, 0, why).0, 0);
    assert_eq!(failed.last().unwrap().context, 3);
    assert_eq!(net.hosts[A].dry, 0);
}

#[test]
fn what_a_restart_of_the_peer_has_undone_is_told_before_it() {
    let mut net = stuck(20);
    net.hosts[Z].assoc = None;
    net.hosts[A].listens = true;
    net.connect(Z);
    net.run_until(|net| net.hosts[A].seen.contains(&Seen::Restarted));
    assert!(check(&net.hosts[A].failed, 0, Failure::Restarted).0 > 0);
    let said = net.trace("");
    let restarted = said.find("A Restarted").unwrap();
    assert!(said.rfind("A SendFailed").unwrap() < restarted);
    assert!(said.find("A SenderDry").unwrap() > restarted);
    // What comes after it is not concerned.
    net.no_filter();
    let before = net.hosts[A].failed.len();
    send(&mut net, 30..33);
    net.finish(A);
    assert_eq!(net.hosts[A].failed.len(), before);
}

#[test]
fn messages_for_streams_that_the_peer_does_not_want() {
    let mut net = Net::new(4);
    net.hosts[Z].listens = true;
    net.hosts[Z].config.max_in_streams = 2;
    while !net.try_connect(A) {}
    for stream in [5, 0, 1, 2] {
        let mut message = message(stream, true, &pattern(0, SIZE));
        message.context = u32::from(stream);
        net.with(A, |assoc, cx| assoc.send(cx, message)).unwrap();
    }
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    net.run_for(Duration::from_millis(500));
    let failed = &net.hosts[A].failed;
    assert_eq!(Failure::BadStream.cause(), cause::INVALID_STREAM_IDENTIFIER);
    for piece in failed {
        assert_eq!((piece.why, piece.was_sent), (Failure::BadStream, false));
        assert!(piece.unordered);
        assert_eq!(u32::from(piece.stream), piece.context);
    }
    let ends = failed.iter().filter(|piece| piece.end);
    assert_eq!(ends.map(|piece| piece.stream).collect::<Vec<_>>(), [5, 2]);
    assert_eq!(net.hosts[A].dry, 1);
    net.finish(A);
}

#[test]
fn the_sender_is_dry_once_all_is_acknowledged() {
    let mut net = Net::connected(5);
    net.run_for(Duration::from_secs(1));
    // There was nothing to send yet.
    assert_eq!(net.hosts[A].dry, 0);
    for n in 1..4 {
        send(&mut net, 0..10);
        net.run_until(|net| net.hosts[A].dry == n);
        assert!(net.hosts[A].assoc().has_sent_all());
        net.run_for(Duration::from_secs(1));
        assert_eq!(net.hosts[A].dry, n);
    }
    // What the peer sends is none of its business.
    net.send(Z, 0, b"x");
    net.run_for(Duration::from_secs(1));
    assert_eq!((net.hosts[A].dry, net.hosts[Z].dry), (3, 1));
    // In a shutdown it is the end that tells, as with the C module.
    send(&mut net, 0..3);
    net.finish(A);
    assert_eq!(net.hosts[A].dry, 3);
}

#[test]
fn the_sender_is_dry_when_the_rest_is_given_up() {
    let mut net = Net::connected(6);
    net.hosts[Z].reads = false;
    net.filter(no_data);
    let until = net.now.plus(Duration::from_millis(100));
    let mut message = message(0, false, b"late");
    message.policy = Policy::Timed(until);
    net.with(A, |assoc, cx| assoc.send(cx, message)).unwrap();
    net.run_until(|net| net.hosts[A].dry == 1);
    let failed = &net.hosts[A].failed;
    assert_eq!(failed.len(), 1);
    assert_eq!(
        (failed[0].why, failed[0].was_sent),
        (Failure::Abandoned, true)
    );
    assert_eq!(net.hosts[A].state(), State::Established);
}

/// Until the user was told of everything, there is no place for more of the same kind.
#[test]
fn a_restart_waits_until_the_last_one_was_told_of() {
    let mut failures = Failures::new();
    failures.prepare(GFP_ATOMIC).unwrap();
    failures.reserve_restart(GFP_ATOMIC).unwrap();
    let mut queue = SendQueue::new();
    for n in 0..2 {
        let message = message(n, false, &[0; 10]);
        queue.push(message, GFP_ATOMIC).unwrap();
    }
    assert!(failures.may_restart());
    failures.restarted(Ring::new(), queue.restart());
    queue.push(message(9, false, &[0; 10]), GFP_ATOMIC).unwrap();
    failures.ended(7, Ring::new(), queue.restart());
    for begin in [true, false] {
        assert!(!failures.may_restart());
        let piece = failures.take(6).unwrap();
        assert_eq!((piece.stream, piece.begin, piece.end), (0, begin, !begin));
    }
    assert!(!failures.may_restart());
    assert_eq!(failures.take(10).unwrap().stream, 1);
    assert!(failures.may_restart());
    assert!(failures.take(10).is_none());
    let last = failures.take_ended(10).unwrap();
    assert_eq!((last.stream, last.why), (9, Failure::Ended { cause: 7 }));
    assert!(failures.take_ended(10).is_none());
}
