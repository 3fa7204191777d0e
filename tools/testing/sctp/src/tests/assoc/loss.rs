// SPDX-License-Identifier: GPL-2.0

//! Losses one by one: RFC 9260, 6.3.3, 7.2.3, 7.2.4, 8.1.

use std::{cell::Cell, rc::Rc};

use crate::engine::{
    assoc::State,
    cx::Rng,
    event::Closed,
    stats::Counter,
    time::Duration,
    wire::{chunk::ChunkType, sack::Sack},
};
use crate::tests::{
    sim::{pattern, Fate, Flying, Net, A, Z},
    support::world::SplitMix,
};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

/// A transfer whose window is open: the first packets are through.
fn warm(seed: u64) -> Net {
    warm_up(Net::new(seed))
}

/// The same with hosts that do what RFC 9260 says and no more.
fn warm_strict(seed: u64) -> Net {
    let mut net = Net::new(seed);
    net.strict();
    warm_up(net)
}

fn warm_up(mut net: Net) -> Net {
    net.open();
    net.send(A, 0, &pattern(0, 50_000));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    net.run_for(ms(300));
    net
}

/// Loses the `n`-th packet with new DATA from now on, `times` times over: its first TSN's
/// retransmissions, too.
fn lose_nth(net: &mut Net, n: usize, times: usize) {
    let mut seen = 0;
    let mut victim = None;
    let mut left = times;
    let mut highest = 0;
    net.filter(move |p| {
        let list = p.tsns();
        if list.is_empty() || p.to != Z {
            return Fate::Pass;
        }
        if let Some(tsn) = victim {
            if list.contains(&tsn) && left > 0 {
                left -= 1;
                return Fate::Lose;
            }
            return Fate::Pass;
        }
        if list[0] > highest || highest == 0 {
            highest = list[0];
            seen += 1;
        }
        if seen == n {
            victim = Some(list[0]);
            left -= 1;
            return Fate::Lose;
        }
        Fate::Pass
    });
}

#[test]
fn one_loss_is_repaired_fast() {
    let mut net = warm(1);
    let cwnd = net.hosts[A].assoc().paths()[0].cc.cwnd();
    lose_nth(&mut net, 10, 1);
    let start = net.now;
    net.send(A, 0, &pattern(1, 60_000));
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    assert!(net.now.since(start) < ms(200), "it took a timeout");
    assert_eq!(net.hosts[A].counter(Counter::FastRetransmits), 1);
    assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 0);
    assert!(net.hosts[A].assoc().paths()[0].cc.cwnd() < cwnd.max(40_000));
    assert_eq!(net.hosts[Z].got[1].bytes, pattern(1, 60_000));
}

/// Several losses in a window: one reduction, all repaired in Fast Recovery.
#[test]
fn several_losses_in_a_window() {
    let mut net = warm(2);
    let mut seen = 0;
    net.filter(move |p| {
        if p.to == Z && !p.tsns().is_empty() {
            seen += 1;
            if [8, 9, 11, 14].contains(&seen) {
                return Fate::Lose;
            }
        }
        Fate::Pass
    });
    let start = net.now;
    net.send(A, 0, &pattern(1, 80_000));
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    assert!(net.now.since(start) < ms(400), "it took a timeout");
    assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 0);
}

/// The fast retransmission gets lost, too: by missing reports alone, that takes T3-rtx.
#[test]
fn lost_again() {
    let mut net = warm_strict(3);
    lose_nth(&mut net, 10, 2);
    let start = net.now;
    net.send(A, 0, &pattern(1, 60_000));
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    let took = net.now.since(start);
    assert!(took > ms(1000) && took < ms(1500), "{took:?}");
    assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 1);
}

/// The last packet of all has nothing behind it that could report it missing.
#[test]
fn tail_loss() {
    let mut net = warm_strict(4);
    lose_nth(&mut net, 1, 1);
    let start = net.now;
    net.send(A, 0, b"tail");
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    let took = net.now.since(start);
    assert!(
        took >= ms(1000) && took < ms(1100),
        "RTO.Min is 1 s: {took:?}"
    );
}

/// 6.3.3: a timeout sends one packet and waits; the RTO doubles; 8.1: then the peer is given up.
#[test]
fn nobody_answers_any_more() {
    let mut net = warm(5);
    net.with(A, |assoc, _| assoc.set_nodelay(true));
    net.filter(|_| Fate::Lose);
    for i in 0..10 {
        net.send(A, 0, &pattern(i, 1400));
    }
    net.settle();
    let start = net.now;
    // Probes of the path MTU are another matter.
    let packets = |net: &Net| {
        let is_data = |p: &&Flying| p.to == Z && p.has(ChunkType::Data);
        net.sent.iter().filter(is_data).count()
    };
    let mut last = packets(&net);
    let mut at = Vec::new();
    while net.hosts[A].assoc.is_some() {
        net.step();
        let now = packets(&net);
        if now != last {
            at.push((net.now.since(start).0 / 1_000_000_000, now - last));
            last = now;
        }
    }
    assert_eq!(net.hosts[A].end(), Some(Closed::TimedOut { setup: false }));
    let data: Vec<u64> = at.iter().map(|(at, _)| *at).collect();
    assert!(at.iter().all(|(_, n)| *n == 1), "{at:?}");
    // A probe. Then 1, 2, 4, 8, 16, 32 s, then RTO.Max each. Association.Max.Retrans is 10.
    assert_eq!(data, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303]);
    assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 11);
    assert_eq!(net.hosts[Z].state(), State::Established, "it does not know");
}

/// The peer is away for half a minute.
#[test]
fn outage() {
    let mut net = warm(6);
    net.filter(|_| Fate::Lose);
    for i in 1..40 {
        net.send(A, 0, &pattern(i, 1400));
    }
    net.run_for(Duration::from_secs(30));
    net.no_filter();
    net.run_until(|net| net.hosts[Z].got.len() == 40);
    for (i, m) in net.hosts[Z].got.iter().enumerate().skip(1) {
        assert_eq!(m.bytes, pattern(i as u64, 1400));
    }
    assert_eq!(net.hosts[A].assoc().paths()[0].errors, 0);
}

/// 6.2: a gap is reported at once, and so is its end.
#[test]
fn gaps_are_reported_at_once() {
    let mut net = warm(7);
    lose_nth(&mut net, 2, 1);
    net.keep = true;
    for i in 0..8 {
        net.send(A, 0, &pattern(i, 1400));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 9);
    net.settle();
    let gaps: Vec<usize> = net
        .kept
        .iter()
        .filter_map(|p| {
            p.with(|pkt| {
                let sack = pkt.chunks().flatten().find(|c| c.kind == ChunkType::Sack)?;
                Some(Sack::parse(&sack).unwrap().gap_count())
            })?
        })
        .collect();
    // Six packets came behind the gap: a SACK for each of them.
    assert!(gaps.iter().filter(|n| **n == 1).count() >= 4, "{gaps:?}");
    assert_eq!(gaps.last(), Some(&0));
}

/// Every second SACK gets lost: the next one makes up for it.
#[test]
fn sacks_get_lost() {
    let mut net = warm(8);
    let mut rng = SplitMix(8);
    net.filter(move |p| {
        if p.has(ChunkType::Sack) && rng.next_u32() % 2 == 0 {
            return Fate::Lose;
        }
        Fate::Pass
    });
    for i in 1..100 {
        net.send(A, 0, &pattern(i, 3000));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 100);
    net.no_filter();
    net.finish(A);
}

/// cwnd holds: no more is in flight than it allows, but for one packet.
#[test]
fn flight_is_bounded_by_cwnd() {
    let mut net = Net::connected(9);
    net.link.loss = 30;
    net.link.delay = ms(30);
    for i in 0..300 {
        net.send(A, 0, &pattern(i, 4000));
    }
    let slow_start = Rc::new(Cell::new(0));
    net.run_until(|net| {
        if let Some(assoc) = &net.hosts[A].assoc {
            let path = &assoc.paths()[0];
            let mtu = path.mtu();
            let bound = path.cc.cwnd() + mtu;
            // A reduction of cwnd does not call back what is in flight.
            if assoc.paths()[0].flight > bound {
                slow_start.set(slow_start.get() + 1);
            }
        }
        net.hosts[Z].got.len() == 300
    });
    assert!(net.hosts[A].counter(Counter::FastRetransmits) > 0);
}

/// After a pause the window has faded, and the first burst is small.
#[test]
fn idle_windows_fade() {
    let mut net = Net::connected(10);
    net.link.delay = ms(20);
    net.hosts[Z].reads = true;
    for i in 0..30 {
        net.send(A, 0, &pattern(i, 30_000));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 30);
    let cwnd = net.hosts[A].assoc().paths()[0].cc.cwnd();
    assert!(cwnd > 20_000, "{cwnd}");
    net.run_for(Duration::from_secs(20));
    net.send(A, 0, &pattern(1, 50_000));
    let path = &net.hosts[A].assoc().paths()[0];
    assert!(path.cc.cwnd() <= 4 * 1480);
    assert!(path.flight <= path.cc.cwnd() + 1480);
}

/// Max.Burst: four packets for each command, and for each SACK what it acknowledged besides.
#[test]
fn bursts_are_bounded() {
    bursts(warm(11), 6);
}

/// 6.1, D, to the letter: four packets, whatever was acknowledged.
#[test]
fn strict_bursts_are_bounded() {
    bursts(warm_strict(11), 4);
}

fn bursts(mut net: Net, most: u64) {
    for i in 0..30 {
        net.send(A, 0, &pattern(i, 30_000));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 31);
    net.run_for(ms(100));
    assert!(net.hosts[A].assoc().paths()[0].cc.cwnd() > 8 * 1480);
    let before = net.hosts[A].packets;
    net.send(A, 0, &pattern(1, 100_000));
    assert_eq!(net.hosts[A].packets - before, 4);
    let mut largest = 0;
    while net.hosts[Z].got.len() < 32 {
        let before = net.hosts[A].packets;
        net.step();
        largest = largest.max(net.hosts[A].packets - before);
    }
    // A SACK is for two packets.
    assert_eq!(largest, most);
}
