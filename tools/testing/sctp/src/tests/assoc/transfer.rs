// SPDX-License-Identifier: GPL-2.0

//! User data from one end to the other, over networks of all kinds.

use crate::engine::{
    assoc::{SendError, State},
    cx::Rng,
    stats::Counter,
    time::Duration,
};
use crate::tests::{
    sim::{pattern, Got, Link, Net, A, Z},
    support::world::SplitMix,
};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

/// What a user sends, so that what the other one gets can be compared with it.
#[derive(Clone, Debug)]
struct Sent {
    stream: u16,
    unordered: bool,
    bytes: Vec<u8>,
}

fn messages(seed: u64, n: usize, max: u64) -> Vec<Sent> {
    let mut rng = SplitMix(seed);
    (0..n)
        .map(|i| Sent {
            stream: (rng.next_u32() % 10) as u16,
            unordered: rng.next_u32() % 4 == 0,
            bytes: pattern(seed << 32 | i as u64, 1 + (rng.next_u64() % max) as usize),
        })
        .collect()
}

/// Each message exactly once, and those of a stream in order.
fn compare(sent: &[Sent], got: &[Got]) {
    assert_eq!(sent.len(), got.len());
    for stream in 0..10 {
        let ordered = |s: u16, u: bool| s == stream && !u;
        let a = sent.iter().filter(|m| ordered(m.stream, m.unordered));
        let b = got.iter().filter(|m| ordered(m.stream, m.unordered));
        for (i, (a, b)) in a.zip(b).enumerate() {
            assert!(a.bytes == b.bytes, "message {i} of stream {stream}");
        }
    }
    let key = |stream: u16, unordered: bool, bytes: &[u8]| (stream, unordered, bytes.to_vec());
    let mut a: Vec<_> = sent
        .iter()
        .map(|m| key(m.stream, m.unordered, &m.bytes))
        .collect();
    let mut b: Vec<_> = got
        .iter()
        .map(|m| key(m.stream, m.unordered, &m.bytes))
        .collect();
    a.sort();
    b.sort();
    assert!(a == b, "what came is not what was sent");
    for m in got {
        assert_eq!(m.ppid, (u32::from(m.stream) ^ 0x1234_0000).to_be_bytes());
    }
}

fn send_all(net: &mut Net, who: usize, list: &[Sent]) {
    for m in list {
        net.try_send(who, m.stream, m.unordered, &m.bytes).unwrap();
    }
}

/// Sends both ways, waits for it all, and ends the association.
fn exchange(net: &mut Net, there: &[Sent], back: &[Sent]) {
    send_all(net, A, there);
    send_all(net, Z, back);
    net.run_until(|net| {
        net.hosts[Z].got.len() == there.len() && net.hosts[A].got.len() == back.len()
    });
    compare(there, &net.hosts[Z].got);
    compare(back, &net.hosts[A].got);
    net.finish(A);
}

#[test]
fn one_message() {
    let mut net = Net::connected(10);
    net.send(A, 3, b"hello");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    let got = &net.hosts[Z].got[0];
    assert_eq!((got.stream, got.bytes.as_slice()), (3, &b"hello"[..]));
    net.finish(A);
}

#[test]
fn many_messages_both_ways() {
    let mut net = Net::connected(11);
    exchange(&mut net, &messages(1, 2000, 3000), &messages(2, 2000, 300));
    for host in &net.hosts {
        assert_eq!(host.counter(Counter::T3RtxExpireds), 0);
        assert_eq!(host.counter(Counter::FastRetransmits), 0);
        assert!(host.counter(Counter::FragUsrMsgs) > 0 || host.got[0].bytes.len() > 300);
    }
}

#[test]
fn any_network() {
    let links = [
        ("loss", 0, 30, 0),
        ("reordering", 30, 0, 0),
        ("duplication", 0, 0, 200),
        ("all of it", 15, 80, 80),
        ("hardly anything arrives", 5, 300, 0),
    ];
    for (name, jitter, loss, duplicate) in links {
        for seed in 0..6 {
            let mut net = Net::new(seed);
            net.link = Link {
                delay: ms(5),
                jitter: ms(jitter),
                loss,
                duplicate,
                ..Link::default()
            };
            if loss >= 300 {
                for host in &mut net.hosts {
                    host.config.association_max_retrans = 100;
                    host.config.path.path_max_retrans = 100;
                    host.config.max_init_retransmits = 100;
                    host.config.rto_max = ms(2000);
                }
            }
            net.say(A, format!("{name}, seed {seed}"));
            net.open();
            let n = if loss >= 300 { 60 } else { 250 };
            exchange(&mut net, &messages(seed, n, 6000), &messages(!seed, n, 400));
        }
    }
}

/// Thousands of messages, compared byte by byte.
#[test]
fn long_haul() {
    let mut net = Net::new(77);
    net.link = Link {
        delay: ms(3),
        jitter: ms(4),
        loss: 10,
        duplicate: 10,
        ..Link::default()
    };
    net.open();
    net.check = false;
    exchange(&mut net, &messages(5, 8000, 2000), &messages(6, 8000, 200));
}

#[test]
fn a_packet_of_each_mtu() {
    for mtu in [512, 576, 1280, 1480, 9000, 65_516] {
        let mut net = Net::new(12);
        for host in &mut net.hosts {
            host.mtu = mtu;
        }
        net.open();
        let sent = net.sent.len();
        net.keep = true;
        exchange(&mut net, &messages(3, 50, 20_000), &messages(4, 10, 100));
        assert!(net.sent.len() > sent);
        assert!(net.kept.iter().all(|p| p.bytes.len() <= mtu));
        let largest = net.kept.iter().map(|p| p.bytes.len()).max().unwrap();
        assert!(largest > mtu.min(15_000) - 4, "{largest} of {mtu}");
    }
}

/// The path MTU shrinks under way: what has no TSN yet is cut anew, what has one is left to IP.
#[test]
fn the_mtu_changes() {
    let mut net = Net::connected(13);
    net.hosts[A].mtu = 1480;
    let list = messages(3, 30, 20_000);
    send_all(&mut net, A, &list);
    net.run_for(ms(25));
    net.keep = true;
    net.with(A, |assoc, cx| {
        assoc.handle_mtu(cx, assoc.primary(), 1000);
    });
    assert_eq!(net.hosts[A].assoc().frag_point(), 1000 - 12 - 16);
    net.settle();
    net.kept.clear();
    net.run_until(|net| net.hosts[Z].got.len() == list.len());
    assert!(net.kept.iter().all(|p| p.bytes.len() <= 1000));
    compare(&list, &net.hosts[Z].got);
    net.finish(A);
}

#[test]
fn window_closes_and_opens_again() {
    let mut net = Net::connected(14);
    net.hosts[Z].reads = false;
    let list = messages(8, 200, 4000);
    send_all(&mut net, A, &list);
    net.run_for(Duration::from_secs(5));
    assert_eq!(net.hosts[A].assoc().peer_rwnd(), 0);
    let unsent = net.hosts[A].assoc().unsent_bytes();
    assert!(unsent > 100_000);
    // The user is away for an hour. The association lives, and probes now and then.
    let before = net.hosts[A].packets;
    net.run_for(Duration::from_secs(3600));
    assert_eq!(net.hosts[A].state(), State::Established);
    let probes = net.hosts[A].packets - before;
    assert!((30..200).contains(&probes), "{probes} probes");
    // Then it reads, slowly at first.
    let start = net.now;
    while net.hosts[Z].got.len() < list.len() {
        for _ in 0..3 {
            net.read_one(Z);
        }
        net.run_for(ms(20));
        assert!(net.now.since(start) < Duration::from_secs(60), "stalls");
    }
    compare(&list, &net.hosts[Z].got);
    net.read_all(Z);
    net.finish(A);
}

/// What waits is counted by the DATA chunks that it will be, and silence by its timeouts.
#[test]
fn what_waits_and_what_fails_is_counted() {
    let mut net = Net::connected(31);
    net.filter(|_| crate::tests::sim::Fate::Lose);
    let full = net.hosts[A].assoc().frag_point();
    // This one is sent, and not acknowledged.
    net.send(A, 0, &pattern(0, full));
    assert_eq!(net.hosts[A].assoc().unsent_chunks(), 0);
    while net.hosts[A].assoc().unsent_chunks() == 0 {
        net.send(A, 0, &pattern(1, full));
    }
    for (len, chunks) in [(1, 2), (full, 3), (full + 1, 5), (3 * full, 8)] {
        net.send(A, 0, &pattern(2, len));
        assert_eq!(net.hosts[A].assoc().unsent_chunks(), chunks);
    }
    assert_eq!(net.hosts[A].assoc().errors(), 0);
    net.run_until(|net| net.hosts[A].assoc().errors() == 2);
    net.no_filter();
    net.run_until(|net| net.hosts[A].assoc().has_sent_all());
    assert_eq!(net.hosts[A].assoc().unsent_chunks(), 0);
    assert_eq!(net.hosts[A].assoc().errors(), 0);
}

/// The window update that a slow reader sends may get lost.
#[test]
fn window_update_gets_lost() {
    let mut net = Net::connected(15);
    net.hosts[Z].reads = false;
    let list = messages(8, 100, 4000);
    send_all(&mut net, A, &list);
    net.run_for(Duration::from_secs(5));
    net.filter(|_| crate::tests::sim::Fate::Lose);
    net.read_all(Z);
    net.settle();
    net.no_filter();
    net.hosts[Z].reads = true;
    net.run_until(|net| net.hosts[Z].got.len() == list.len());
    compare(&list, &net.hosts[Z].got);
}

#[test]
fn message_larger_than_the_receive_buffer() {
    for (seed, rcvbuf, loss) in [
        (1, 212_992, 0),
        (2, 212_992, 20),
        (3, 8192, 0),
        (4, 5000, 20),
    ] {
        let mut net = Net::new(seed);
        net.hosts[Z].config.rcvbuf = rcvbuf;
        net.link.loss = loss;
        net.link.delay = ms(1);
        net.open();
        let list = [
            Sent {
                stream: 1,
                unordered: false,
                bytes: pattern(1, 5 * rcvbuf as usize),
            },
            Sent {
                stream: 1,
                unordered: false,
                bytes: pattern(2, 10),
            },
            Sent {
                stream: 2,
                unordered: true,
                bytes: pattern(3, 2 * rcvbuf as usize),
            },
            Sent {
                stream: 2,
                unordered: true,
                bytes: pattern(4, 10),
            },
        ];
        send_all(&mut net, A, &list);
        net.run_until(|net| net.hosts[Z].got.len() == list.len());
        compare(&list, &net.hosts[Z].got);
        assert!(net.hosts[Z].got.iter().any(|m| m.parts > 1));
        assert!(net.hosts[Z]
            .got
            .iter()
            .all(|m| m.bytes.len() > 10 || m.parts == 1));
        net.finish(A);
    }
}

/// A message that fits is delivered whole, even if it takes more than half of the window.
#[test]
fn message_that_fits_is_whole() {
    let mut net = Net::connected(16);
    for i in 0..20 {
        net.send(A, 0, &pattern(i, 65_536));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 20);
    assert!(net.hosts[Z].got.iter().all(|m| m.parts == 1));
}

#[test]
fn messages_wait_for_the_association() {
    let mut net = Net::new(17);
    net.hosts[Z].listens = true;
    net.connect(A);
    let list = messages(1, 20, 3000);
    send_all(&mut net, A, &list);
    net.run_until(|net| net.hosts[Z].got.len() == list.len());
    compare(&list, &net.hosts[Z].got);
}

/// What was queued for streams that the peer then does not allow is dropped; the rest arrives.
#[test]
fn fewer_streams_than_asked_for() {
    let mut net = Net::new(18);
    net.hosts[Z].listens = true;
    net.hosts[Z].config.max_in_streams = 2;
    net.connect(A);
    for stream in [0, 9, 1, 5, 0] {
        net.send(A, stream, &[stream as u8; 100]);
    }
    net.run_until(|net| net.hosts[Z].got.len() == 3);
    assert_eq!(net.hosts[A].assoc().out_streams(), 2);
    assert!(net.hosts[Z].got.iter().all(|m| m.stream < 2));
    let refused = net.try_send(A, 2, false, b"x");
    assert!(matches!(refused, Err(SendError::BadStream(_))));
    net.finish(A);
}

#[test]
fn what_cannot_be_sent() {
    let mut net = Net::connected(19);
    let result = net.try_send(A, 10, false, b"x");
    assert!(matches!(result, Err(SendError::BadStream(m)) if m.payload.as_slice() == b"x"));
    assert!(matches!(
        net.try_send(A, 0, false, b""),
        Err(SendError::Empty(_))
    ));
    net.shutdown(A);
    assert!(matches!(
        net.try_send(A, 0, false, b"x"),
        Err(SendError::ShuttingDown(_))
    ));
}
