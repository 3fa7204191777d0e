// SPDX-License-Identifier: GPL-2.0

//! Messages that are given up: RFC 3758, 3.5, and the policies of RFC 7496. What is lost is what
//! the sender was told of, everything else comes in order, and no side waits for the rest.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
};

use kernel::fault;

use super::paths::connected;
use crate::engine::{
    assoc::{Policy, SendError, State},
    config::PathConfig,
    cx::Rng,
    event::Closed,
    time::Duration,
    wire::{chunk::ChunkType, forward_tsn::ForwardTsn},
};
use crate::tests::{
    sim::{message, Fate, Net, Seen, A, Z},
    support::world::SplitMix,
};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

/// A message whose number can be read from each of its fragments.
fn numbered(n: u32, len: usize) -> Vec<u8> {
    n.to_be_bytes().repeat(len.div_ceil(4))
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// A network with an association.
fn network(seed: u64) -> Net {
    let mut net = Net::new(seed);
    net.hosts[Z].listens = true;
    while !net.try_connect(A) {}
    net.run_until(|net| net.hosts.iter().all(|h| h.seen.contains(&Seen::Up)));
    net
}

fn try_send(
    net: &mut Net,
    n: u32,
    stream: u16,
    len: usize,
    policy: Policy,
) -> Result<(), SendError<crate::tests::support::payload::Bytes>> {
    let mut message = message(stream, stream == 2, &numbered(n, len));
    message.policy = policy;
    net.with(A, |assoc, cx| assoc.send(cx, message).map(|_| ()))
}

fn send(net: &mut Net, n: u32, stream: u16, len: usize, policy: Policy) {
    try_send(net, n, stream, len, policy).unwrap();
}

/// The messages that Z got, in order, by number.
fn got(net: &Net) -> Vec<u32> {
    net.hosts[Z].got.iter().map(|m| number(&m.bytes)).collect()
}

/// The messages that A was told of.
fn failed(net: &Net) -> HashSet<u32> {
    let failed = net.hosts[A].failed.iter();
    failed.map(|f| number(f.payload.as_slice())).collect()
}

/// All of `n` messages came, or were given up; those in a stream came in order.
fn check(net: &Net, n: u32, may_fail: impl Fn(u32) -> bool) {
    let (got, failed) = (got(net), failed(net));
    let there: HashSet<u32> = got.iter().copied().collect();
    assert_eq!(there.len(), got.len(), "a message came twice");
    for i in 0..n {
        assert!(there.contains(&i) || failed.contains(&i), "{i} is missing");
        assert!(!failed.contains(&i) || may_fail(i), "{i} was given up");
    }
    for stream in [0, 1] {
        let order: Vec<u32> = net.hosts[Z]
            .got
            .iter()
            .filter(|m| m.stream == stream)
            .map(|m| number(&m.bytes))
            .collect();
        assert!(order.is_sorted(), "stream {stream}: {order:?}");
    }
}

/// New cumulative TSNs of the FORWARD TSNs that A has sent.
fn forwards(net: &Net) -> Vec<u32> {
    let points = net.sent.iter().filter_map(|p| {
        p.with(|pkt| {
            let mut chunks = pkt.chunks().flatten();
            let chunk = chunks.find(|c| c.kind == ChunkType::ForwardTsn)?;
            Some(ForwardTsn::parse(&chunk).unwrap().new_cumulative_tsn.0)
        })?
    });
    points.collect()
}

/// The peer takes two streams only, so some of what waits for the association can never be sent.
/// What becomes the first message because another one is too late is no exception.
#[test]
fn what_is_behind_a_message_that_is_too_late_needs_a_stream_all_the_same() {
    let mut net = Net::new(5);
    net.hosts[Z].listens = true;
    net.hosts[Z].config.max_in_streams = 2;
    net.connect(A);
    // The second one is found to be too late when it is its turn, before the queue is swept again.
    let [soon, later] = [11, 15].map(|n| Policy::Timed(net.now.plus(ms(n))));
    let reliable = Policy::Reliable;
    for (n, stream, policy) in [
        (0, 0, reliable),
        (1, 1, soon),
        (2, 1, later),
        (3, 7, reliable),
    ] {
        send(&mut net, n, stream, 100, policy);
    }
    net.finish(A);
    assert_eq!(got(&net), [0]);
    assert_eq!(failed(&net), HashSet::from([1, 2, 3]));
}

/// A life with `messages` messages, of which two in three have a policy, over a link that loses.
fn live(seed: u64, messages: u32, policy: impl Fn(&Net, u32) -> Policy) -> Net {
    let mut net = network(seed);
    let mut rng = SplitMix(seed);
    net.link.loss = 120;
    net.link.jitter = ms(8);
    for n in 0..messages {
        let len = match rng.next_u32() % 4 {
            0 => 12_000,
            1 => 3000,
            _ => 40,
        };
        let policy = match n % 3 {
            0 => Policy::Reliable,
            _ => policy(&net, n),
        };
        while let Err(error) = try_send(&mut net, n, (n % 7 % 3) as u16, len, policy) {
            assert!(matches!(error, SendError::NoMemory(_)), "{error:?}");
            net.run_for(ms(1));
        }
        net.run_for(ms(rng.next_u32() % 30));
    }
    net.shutdown(A);
    net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
    assert_eq!(net.hosts[Z].end(), Some(Closed::Shutdown));
    net
}

#[test]
fn what_is_given_up_after_so_many_retransmissions() {
    let mut total = 0;
    for seed in 0..8 {
        let limit = seed as u32 % 3;
        let net = live(seed, 120, |_, _| Policy::Retransmissions(limit));
        check(&net, 120, |n| n % 3 != 0);
        total += failed(&net).len();
    }
    assert!(total > 20, "only {total} messages were given up");
}

#[test]
fn what_is_given_up_when_its_time_is_over() {
    let mut total = 0;
    for seed in 0..8 {
        let net = live(seed, 120, |net, n| {
            Policy::Timed(net.now.plus(ms(n % 5 * 100)))
        });
        check(&net, 120, |n| n % 3 != 0);
        total += failed(&net).len();
    }
    assert!(total > 20, "only {total} messages were given up");
}

#[test]
fn everything_is_given_up_and_the_association_goes_on_and_ends() {
    let mut net = network(1);
    net.filter(|p| match p.to == Z && p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    for n in 0..30 {
        send(&mut net, n, (n % 3) as u16, 700, Policy::Retransmissions(0));
    }
    net.run_until(|net| net.hosts[A].assoc().unacked_chunks() == 0);
    assert_eq!(got(&net), []);
    assert_eq!(failed(&net).len(), 30);
    net.no_filter();
    for stream in 0..3 {
        send(&mut net, 50, stream, 10, Policy::Reliable);
    }
    net.run_until(|net| net.hosts[Z].got.len() == 3);
    // And once more with a shutdown that has to wait for it.
    net.filter(|p| match p.to == Z && p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    send(&mut net, 60, 0, 5000, Policy::Retransmissions(0));
    net.finish(A);
    assert_eq!(net.hosts[Z].got.len(), 3);
    assert!(failed(&net).contains(&60));
}

/// Each fragment of a message is lost in turn, some while the rest was not yet sent.
#[test]
fn a_message_is_given_up_at_each_of_its_fragments() {
    let mut cut_off = 0;
    for victim in 0..40 {
        let mut net = network(2);
        let first = net.hosts[A].packets;
        let lost = Rc::new(Cell::new(0));
        let seen = Rc::new(RefCell::new(HashSet::new()));
        let (counter, all) = (Rc::clone(&lost), Rc::clone(&seen));
        let mut n = 0;
        net.filter(move |p| {
            if p.to != Z || !p.has(ChunkType::Data) {
                return Fate::Pass;
            }
            all.borrow_mut().extend(p.tsns());
            n += 1;
            if n == victim + 1 {
                counter.set(counter.get() + 1);
                return Fate::Lose;
            }
            Fate::Pass
        });
        send(&mut net, 1, 0, 40 * 1448, Policy::Retransmissions(0));
        send(&mut net, 2, 0, 3000, Policy::Reliable);
        send(&mut net, 3, 1, 10, Policy::Reliable);
        net.run_until(|net| got(net).contains(&2) && got(net).contains(&3));
        assert!(net.hosts[A].packets > first);
        assert_eq!(lost.get(), 1);
        assert_eq!(failed(&net).contains(&1), !got(&net).contains(&1));
        net.run_until(|net| net.hosts[A].assoc().unacked_chunks() == 0);
        let seen = seen.borrow();
        // The end of what was not sent has a TSN that nobody has seen in DATA.
        cut_off += usize::from(forwards(&net).iter().any(|tsn| !seen.contains(tsn)));
        // What arrived of it takes no room.
        assert_eq!(net.hosts[Z].assoc().pending_chunks(), 0);
        drop(seen);
        net.finish(Z);
    }
    assert!(cut_off > 10, "only {cut_off} times something was not sent");
}

/// What is not sent in time never gets a TSN, and the peer need not know about it.
#[test]
fn what_waits_too_long_is_not_sent() {
    for supported in [true, false] {
        let mut net = Net::new(3);
        net.hosts[Z].config.prsctp_enabled = supported;
        net.hosts[Z].config.rcvbuf = 8000;
        net.hosts[Z].reads = false;
        net.open();
        send(&mut net, 0, 0, 6000, Policy::Reliable);
        for n in 1..20 {
            let until = net.now.plus(ms(500));
            let policy = match n % 2 {
                0 => Policy::Reliable,
                _ => Policy::Timed(until),
            };
            send(&mut net, n, 0, 1000, policy);
        }
        // They leave the queue when it is time, wherever in it they are, though nothing can be
        // sent.
        net.run_for(ms(499));
        assert_eq!(net.hosts[A].failed.len(), 0);
        net.run_for(ms(20));
        let unsent = net.hosts[A].failed.iter().filter(|f| !f.was_sent).count();
        assert!(unsent >= 9, "only {unsent} have left");
        assert!(net.hosts[A].assoc().unsent_bytes() < 11_000);
        net.run_for(ms(5000));
        net.hosts[Z].reads = true;
        net.read_all(Z);
        net.finish(A);
        check(&net, 20, |n| n % 2 == 1);
        if !supported {
            assert_eq!(forwards(&net), []);
        }
    }
}

#[test]
fn a_peer_without_forward_tsn_gets_everything() {
    let mut net = Net::new(4);
    net.hosts[Z].config.prsctp_enabled = false;
    net.link.loss = 100;
    net.open();
    for n in 0..60 {
        send(&mut net, n, 0, 2000, Policy::Retransmissions(0));
        net.run_for(ms(5));
    }
    net.finish(A);
    assert_eq!(got(&net), (0..60).collect::<Vec<_>>());
    assert_eq!(forwards(&net), []);
}

#[test]
fn a_lost_forward_tsn_comes_again() {
    // With later DATA to tell that it is missing, and without.
    for more in [false, true] {
        let mut net = network(5);
        net.with(A, |assoc, _| assoc.set_nodelay(true));
        let mut losses = 3;
        net.filter(move |p| {
            let is_victim = p.to == Z && p.has(ChunkType::ForwardTsn) && losses > 0;
            if is_victim {
                losses -= 1;
            }
            match is_victim || p.to == Z && p.tsns() == [u32::MAX - 7] {
                true => Fate::Lose,
                false => Fate::Pass,
            }
        });
        send(&mut net, 0, 0, 100, Policy::Retransmissions(0));
        net.run_for(ms(1100));
        let start = net.now;
        if more {
            for n in 1..30 {
                send(&mut net, n, 0, 100, Policy::Reliable);
                net.run_for(ms(30));
            }
        } else {
            send(&mut net, 1, 0, 100, Policy::Reliable);
        }
        net.run_until(|net| net.hosts[Z].got.len() == if more { 29 } else { 1 });
        assert!(forwards(&net).len() >= 4);
        if more {
            assert!(net.now.since(start) < ms(1500), "it took timeouts");
        }
        net.finish(A);
    }
}

#[test]
fn a_peer_that_does_not_answer_a_forward_tsn_is_given_up() {
    let mut net = network(6);
    net.filter(|_| Fate::Lose);
    send(&mut net, 0, 0, 100, Policy::Retransmissions(0));
    net.shutdown(A);
    net.run_until(|net| net.hosts[A].end().is_some());
    let end = Some(Closed::TimedOut { setup: false });
    assert_eq!(net.hosts[A].end(), end);
    assert_eq!(net.hosts[A].state(), State::Closed);
}

/// The primary path is as good as any other until it has failed Path.Max.Retrans times, but what
/// goes again goes elsewhere.
#[test]
fn a_forward_tsn_without_an_answer_goes_another_way() {
    // A time-out; then one of the second path and the next one of the first.
    for (lost, seconds) in [(0, 1), (1, 4)] {
        let (mut net, cuts) = connected(10, 2, &[], |config| {
            config.path.pf_retrans = PathConfig::NEVER;
        });
        cuts.cut(0);
        // The one that tells of it first gets lost elsewhere, too.
        let mut left = lost;
        net.filter(move |p| match p.has(ChunkType::ForwardTsn) && left > 0 {
            true => {
                left -= 1;
                Fate::Lose
            }
            false => cuts.fate(p),
        });
        send(&mut net, 0, 0, 100, Policy::Retransmissions(0));
        let start = net.now;
        net.run_until(|net| net.hosts[A].assoc().unacked_chunks() == 0);
        let took = net.now.since(start);
        assert!(took < ms(1000 * seconds + 100), "{lost} lost: {took:?}");
        net.finish(A);
    }
}

/// Nobody waits for a closed window any more when what waited was given up.
#[test]
fn a_window_that_nobody_waits_for_is_not_probed() {
    let mut net = Net::new(11);
    net.hosts[Z].config.rcvbuf = 8000;
    net.hosts[Z].reads = false;
    net.open();
    while net.hosts[A].assoc().peer_a_rwnd() > 0 {
        send(&mut net, 0, 0, 1000, Policy::Reliable);
        net.run_for(ms(500));
    }
    net.run_until(|net| net.hosts[A].assoc().unacked_chunks() == 0);
    let until = net.now.plus(ms(100));
    send(&mut net, 1, 0, 1000, Policy::Timed(until));
    net.run_for(ms(500));
    assert_eq!(net.hosts[A].assoc().unsent_bytes(), 0);
    let sent = net.hosts[A].data_packets;
    net.run_for(ms(5000));
    assert_eq!(net.hosts[A].data_packets, sent);
    assert_eq!(net.hosts[A].assoc().paths()[0].rto.get(), ms(1000));
    net.read_all(Z);
    send(&mut net, 2, 0, 1000, Policy::Reliable);
    net.run_until(|net| got(net).last() == Some(&2));
    net.finish(A);
}

#[test]
fn a_peer_that_restarts_is_told_nothing_of_what_was_given_up() {
    let mut net = network(7);
    net.filter(|p| match p.to {
        Z => Fate::Lose,
        _ => Fate::Pass,
    });
    for n in 0..5 {
        send(&mut net, n, 0, 3000, Policy::Retransmissions(0));
    }
    net.run_until(|net| !forwards(net).is_empty());
    net.no_filter();
    let before = forwards(&net).len();
    net.hosts[Z].assoc = None;
    net.hosts[A].listens = true;
    net.connect(Z);
    net.run_until(|net| net.hosts[A].seen.contains(&Seen::Restarted));
    net.run_for(ms(5000));
    assert_eq!(forwards(&net).len(), before);
    send(&mut net, 9, 0, 10, Policy::Reliable);
    net.run_until(|net| got(net) == [9]);
    net.finish(A);
}

/// Messages with lifetimes of their own leave the queue one by one, and each is counted.
#[test]
fn each_lifetime_ends_by_itself() {
    let mut net = network(10);
    net.filter(|p| match p.to == Z && p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    for n in 0..20 {
        send(&mut net, n, 0, 1000, Policy::Reliable);
    }
    let start = net.now;
    for n in 20..60 {
        // The first to end are the last ones.
        let until = start.plus(ms(100 + (60 - n) * 20));
        send(&mut net, n, 1, 1000, Policy::Timed(until));
    }
    for n in (20..60).rev() {
        let at = start.plus(ms(100 + (60 - n) * 20 + 12));
        net.run_for(at.since(net.now));
        assert_eq!(failed(&net).len(), 60 - n as usize);
        assert!(failed(&net).contains(&n));
    }
    let counts = net.hosts[A].assoc().abandoned();
    assert_eq!(counts.stream(1).timed.unsent, 40);
    net.no_filter();
    net.finish(A);
    check(&net, 60, |n| n >= 20);
}

/// A shutdown does not wait for what is given up.
#[test]
fn a_shutdown_goes_on_when_the_last_message_is_over() {
    let mut net = network(11);
    net.hosts[Z].reads = false;
    let mut n = 0;
    while net.hosts[A].assoc().unsent_bytes() == 0 {
        send(&mut net, n, 0, 10_000, Policy::Reliable);
        net.run_for(ms(300));
        n += 1;
    }
    let until = net.now.plus(ms(500));
    send(&mut net, n, 0, 100, Policy::Timed(until));
    net.shutdown(A);
    net.run_for(ms(2000));
    assert!(failed(&net).contains(&n));
    net.hosts[Z].reads = true;
    net.read_all(Z);
    net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
    assert_eq!(net.hosts[Z].end(), Some(Closed::Shutdown));
}

/// Room is made of what has a lower priority, and of nothing else.
#[test]
fn room_is_made_of_less_important_messages() {
    let mut net = network(8);
    net.filter(|p| match p.to == Z && p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    let policy = |n: u32| match n % 4 {
        0 => Policy::Reliable,
        1 => Policy::Priority(1),
        2 => Policy::Priority(5),
        _ => Policy::Retransmissions(1000),
    };
    for n in 0..80 {
        send(&mut net, n, (n % 3) as u16, 1000, policy(n));
    }
    let room = |net: &mut Net, wanted, priority| {
        net.with(A, |assoc, cx| {
            assoc.make_room(cx, wanted, Policy::Priority(priority))
        })
    };
    assert_eq!(room(&mut net, 10_000, 5), 0, "nothing is less important");
    assert_eq!(room(&mut net, 2500, 4), 3000);
    assert_eq!(failed(&net).len(), 3);
    assert!(net.hosts[A].failed.iter().all(|f| !f.was_sent));
    // All that is left of them, sent or not.
    assert_eq!(room(&mut net, 1_000_000, 4), 17_000);
    assert_eq!(failed(&net).len(), 20);
    assert!(net.hosts[A].failed.iter().any(|f| f.was_sent));
    assert_eq!(room(&mut net, 1_000_000, 4), 0);
    let counts = net.hosts[A].assoc().abandoned();
    let total = counts.total().priority;
    assert_eq!(total.sent + total.unsent, 20);
    assert_eq!(counts.total().sum(), total);
    assert!(total.sent > 0 && total.unsent > 10);
    for stream in 0..4 {
        let of = counts.stream(stream).priority;
        let told = failed(&net)
            .iter()
            .filter(|n| **n % 3 == u32::from(stream))
            .count();
        assert_eq!(of.sent + of.unsent, told as u64);
    }
    // Whatever has no priority is more important than all that has one.
    let rest = net.with(A, |assoc, cx| assoc.make_room(cx, 1_500, Policy::Reliable));
    assert_eq!(rest, 2000);
    let rest = net.with(A, |assoc, cx| {
        assoc.make_room(cx, 1, Policy::Retransmissions(9))
    });
    assert_eq!(rest, 1000);
    net.no_filter();
    net.finish(A);
    check(&net, 80, |n| n % 4 == 2 || n % 4 == 1);
    assert_eq!(got(&net).len(), 57);
}

#[test]
fn more_streams_than_a_forward_tsn_can_list() {
    let mut net = Net::new(9);
    net.hosts[A].config.out_streams = 300;
    net.open();
    net.filter(|p| match p.to == Z && p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    for n in 0..300 {
        let mut message = message(n as u16, false, &numbered(n, 4));
        message.policy = Policy::Retransmissions(0);
        net.with(A, |assoc, cx| assoc.send(cx, message)).unwrap();
    }
    net.run_until(|net| net.hosts[A].assoc().unacked_chunks() == 0);
    net.no_filter();
    for n in 0..300 {
        let message = message(n as u16, false, &numbered(n, 4));
        net.with(A, |assoc, cx| assoc.send(cx, message)).unwrap();
    }
    net.run_until(|net| net.hosts[Z].got.len() == 300);
    net.finish(A);
}

/// Every allocation fails once: nothing is given up that was not declared, nothing stays behind.
#[test]
fn each_allocation_fails_once() {
    let mut n = 1;
    loop {
        let before = fault::live();
        let plan = fault::fail_nth(n);
        let net = live(3, 30, |net, n| match n % 2 {
            0 => Policy::Retransmissions(0),
            _ => Policy::Timed(net.now.plus(ms(100))),
        });
        let has_failed = plan.has_failed();
        drop(plan);
        let there: HashSet<u32> = got(&net).into_iter().collect();
        assert!((0..30).step_by(3).all(|n| there.contains(&n)));
        drop(net);
        assert_eq!(fault::live(), before, "allocation {n}: leaked");
        if !has_failed {
            break;
        }
        n += 1;
    }
    assert!(n > 40, "only {n} allocations");
}
