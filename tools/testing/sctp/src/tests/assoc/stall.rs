// SPDX-License-Identifier: GPL-2.0

//! Default settings and common ways to use a socket: nothing may wait for a delayed SACK.

use crate::engine::{stats::Counter, time::Duration};
use crate::tests::sim::{pattern, Net, A, Z};

const LOOPBACK_MTU: usize = 65_516;

fn us(us: u64) -> Duration {
    Duration(us * 1000)
}

/// Two hosts as near to each other as on loopback.
fn near(mtu: usize) -> Net {
    let mut net = Net::new(30);
    net.link.delay = us(20);
    for host in &mut net.hosts {
        host.mtu = mtu;
    }
    net.open();
    net
}

/// Virtual time that `f` takes.
fn time(net: &mut Net, f: impl FnOnce(&mut Net)) -> Duration {
    let start = net.now;
    f(net);
    net.now.since(start)
}

fn delayed_sacks(net: &Net) -> u64 {
    net.hosts
        .iter()
        .map(|h| h.counter(Counter::DelaySackExpireds))
        .sum()
}

#[test]
fn bulk_of_large_messages() {
    for mtu in [1480, 9000, LOOPBACK_MTU] {
        for size in [65_536, 131_072, 1452, 60_000] {
            let mut net = near(mtu);
            let took = time(&mut net, |net| {
                for i in 0..100 {
                    net.send(A, 0, &pattern(i, size));
                }
                net.run_until(|net| net.hosts[Z].got.len() == 100);
            });
            assert!(
                took < Duration::from_millis(100),
                "MTU {mtu}, {size} bytes: {took:?}"
            );
            assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 0);
        }
    }
}

#[test]
fn many_small_messages() {
    for mtu in [1480, LOOPBACK_MTU] {
        let mut net = near(mtu);
        let took = time(&mut net, |net| {
            for i in 0..2000 {
                net.send(A, 0, &pattern(i, 150));
                // Some of them with a pause, so that packets are short.
                if i % 7 == 0 {
                    net.run_for(us(10));
                }
            }
            net.run_until(|net| net.hosts[Z].got.len() == 2000);
        });
        assert!(took < Duration::from_millis(100), "MTU {mtu}: {took:?}");
        assert_eq!(delayed_sacks(&net), 0);
    }
}

#[test]
fn request_and_response() {
    for size in [1, 100, 1452, 20_000, 65_536] {
        let mut net = near(LOOPBACK_MTU);
        let took = time(&mut net, |net| {
            for i in 0..200 {
                net.send(A, 0, &pattern(i, size));
                net.run_until(|net| net.hosts[Z].got.len() == i as usize + 1);
                net.send(Z, 0, &pattern(i, size));
                net.run_until(|net| net.hosts[A].got.len() == i as usize + 1);
            }
        });
        assert!(took < Duration::from_millis(200), "{size} bytes: {took:?}");
    }
}

/// Header and body in two calls, then an answer: the case that Nagle is notorious for.
#[test]
fn write_write_read() {
    let mut net = near(LOOPBACK_MTU);
    let took = time(&mut net, |net| {
        for i in 0..200 {
            net.send(A, 0, &pattern(i, 20));
            net.send(A, 0, &pattern(i, 100));
            net.run_until(|net| net.hosts[Z].got.len() == 2 * (i as usize + 1));
            net.send(Z, 0, &pattern(i, 100));
            net.run_until(|net| net.hosts[A].got.len() == i as usize + 1);
        }
    });
    // One delay, to learn from, is allowed for.
    assert!(took < Duration::from_millis(600), "{took:?}");
    assert!(delayed_sacks(&net) <= 3);
}

/// Who goes on writing small messages fills packets with them, and is not answered for each.
#[test]
fn a_stream_of_small_messages_fills_packets() {
    let mut net = near(1480);
    for i in 0..2000 {
        net.send(A, 0, &pattern(i, 64));
        net.run_for(us(10));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 2000);
    let (data, sacks) = (net.hosts[A].packets, net.hosts[Z].packets);
    assert!(data < 200, "{data} packets for 2000 messages");
    assert!(sacks < data, "{sacks} SACKs for {data} packets");
    assert_eq!(delayed_sacks(&net), 0);
}

/// Short packets of who does not want to wait are not acknowledged one by one, nor two by two.
/// One that comes after a short one and is full is, for its sender may hold something back.
#[test]
fn short_packets_share_sacks() {
    let mut net = near(1480);
    net.hosts[A].config.nodelay = true;
    net.hosts[A].assoc.as_mut().unwrap().set_nodelay(true);
    for i in 0..2000 {
        net.send(A, 0, &pattern(i, 64));
        net.run_for(us(10));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 2000);
    let (data, sacks) = (net.hosts[A].packets, net.hosts[Z].packets);
    assert!(data >= 2000 && sacks < data * 3 / 10, "{sacks} SACKs");

    net.run_for(Duration::from_secs(1));
    net.hosts[Z].reads = false;
    for len in [64, 1400, 64, 64, 1300] {
        net.send(A, 0, &pattern(0, len));
        net.run_for(Duration::from_millis(1));
        let is_acked = net.hosts[A].assoc().has_sent_all();
        assert_eq!(is_acked, len > 64, "{len}");
    }
    net.run_for(Duration::from_millis(201));
    assert!(net.hosts[A].assoc().has_sent_all());
}

/// A pause of both is no reason to do otherwise, though what was held back has left by itself.
#[test]
fn a_stream_of_small_messages_with_pauses_fills_packets() {
    let mut net = near(1480);
    net.link.delay = us(1);
    for i in 0..2000 {
        net.send(A, 0, &pattern(i, 64));
        net.run_for(us(10));
        if i % 100 == 50 {
            // Neither of them has the processor.
            net.run_for(us(3000));
            net.read_all(Z);
            net.hosts[Z].reads = true;
        } else if i % 100 == 30 {
            net.hosts[Z].reads = false;
        }
    }
    net.run_until(|net| net.hosts[Z].got.len() == 2000);
    let data = net.hosts[A].packets;
    assert!(data < 300, "{data} packets for 2000 messages");
}

/// A peer that does not read delays its SACKs. What is held back meanwhile does not wait for
/// these, and after the first time it does not wait for more than an answer to a question.
#[test]
fn what_is_held_back_leaves_after_a_round_trip() {
    let mut net = Net::new(31);
    net.link.delay = Duration::from_millis(5);
    net.open();
    net.hosts[Z].reads = false;
    net.send(A, 0, &pattern(1, 100));
    net.run_for(Duration::from_secs(1));
    for i in 1..8 {
        net.send(A, 0, &pattern(i, 100));
        let took = time(&mut net, |net| {
            net.send(A, 0, &pattern(i, 100));
            net.run_until(|net| net.hosts[Z].counter(Counter::InOrderChunks) == 2 * i + 1);
        });
        assert!(took <= Duration::from_millis(16), "pair {i}: {took:?}");
        net.run_for(Duration::from_secs(1));
    }
}

/// A receiver that takes its time, but less than the delay.
#[test]
fn slow_reader() {
    let mut net = near(LOOPBACK_MTU);
    net.hosts[Z].reads = false;
    let took = time(&mut net, |net| {
        for i in 0..200 {
            net.send(A, 0, &pattern(i, 65_536));
        }
        while net.hosts[Z].got.len() < 200 {
            net.run_for(us(100));
            net.read_one(Z);
        }
    });
    assert!(took < Duration::from_millis(100), "{took:?}");
}

/// Small messages with pauses on an association that has been idle.
#[test]
fn after_a_pause() {
    let mut net = near(1480);
    for i in 0..20 {
        net.send(A, 0, &pattern(i, 100));
        net.send(A, 0, &pattern(i, 100));
        net.run_for(Duration::from_secs(7));
        let got = net.hosts[Z].got.len();
        assert_eq!(got, 2 * (i as usize + 1));
    }
    assert_eq!(delayed_sacks(&net), 0);
}

/// SACKs are still saved where that costs nothing: one for two packets of a bulk transfer, and
/// none of its own where an answer takes it along.
#[test]
fn sacks_are_saved() {
    let mut net = near(1480);
    net.check = false;
    net.send(A, 0, &pattern(1, 3_000_000));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    let (data, sacks) = (net.hosts[A].packets, net.hosts[Z].packets);
    assert!(sacks < data * 6 / 10, "{sacks} SACKs for {data} packets");

    let mut net = near(1480);
    for i in 0..100 {
        net.send(A, 0, &pattern(i, 100));
        net.run_until(|net| net.hosts[Z].got.len() == i as usize + 1);
        net.send(Z, 0, &pattern(i, 100));
        net.run_until(|net| net.hosts[A].got.len() == i as usize + 1);
    }
    let packets: u64 = net.hosts.iter().map(|h| h.packets).sum();
    assert!(packets < 230, "{packets} packets for 200 messages");
}
