// SPDX-License-Identifier: GPL-2.0

//! Losses that are found before T3-rtx expires, what reordering and misbehaving receivers do, and
//! what is left of a link's rate in spite of all (RFC 8985; RFC 9260, 6.1 D, 7.2.4).

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use kernel::alloc::flags::GFP_ATOMIC;

use crate::engine::{
    assoc::Policy,
    serial::Tsn,
    stats::Counter,
    time::{Duration, Time},
    wire::{
        builder::PacketBuilder,
        chunk::ChunkType,
        sack::{GapBlock, Sack},
    },
};
use crate::tests::{
    sim::{message, pattern, Fate, Flying, Net, A, Z},
    support::payload::Bytes,
    wire::flatten,
};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

/// TSNs of the DATA in a packet for Z.
fn tsns(packet: &Flying) -> Vec<u32> {
    if packet.to == Z {
        packet.tsns()
    } else {
        Vec::new()
    }
}

/// A connected network in which a transfer has opened the window.
fn warm(mut net: Net) -> Net {
    net.open();
    net.send(A, 0, &pattern(0, 50_000));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    net.run_for(ms(300));
    net
}

/// Treats the packets with DATA that are sent for the first time from now on as `f` says for their
/// number, from 1 on.
fn nth(net: &mut Net, mut f: impl FnMut(usize) -> Fate + 'static) {
    let mut seen = BTreeSet::new();
    net.filter(move |packet| {
        let list = tsns(packet);
        let before = seen.len();
        seen.extend(list);
        if seen.len() > before {
            f(seen.len())
        } else {
            Fate::Pass
        }
    });
}

fn cwnd(net: &Net) -> usize {
    net.hosts[A].assoc().paths()[0].cc.cwnd()
}

fn retransmits(net: &Net) -> u64 {
    net.hosts[A].counter(Counter::T3Retransmits)
}

fn timeouts(net: &Net) -> u64 {
    net.hosts[A].counter(Counter::T3RtxExpireds)
}

/// Sends a message and says how long it takes to arrive.
fn time_of(net: &mut Net, bytes: usize) -> Duration {
    let (start, before) = (net.now, net.hosts[Z].got.len());
    net.send(A, 0, &pattern(7, bytes));
    net.run_until(|net| net.hosts[Z].got.len() == before + 1);
    net.now.since(start)
}

#[test]
fn a_lost_tail_is_probed() {
    let mut net = warm(Net::new(1));
    let window = cwnd(&net);
    nth(&mut net, |n| if n == 1 { Fate::Lose } else { Fate::Pass });
    // Twice the round trip, and what the peer may wait with the SACK for a single packet.
    let took = time_of(&mut net, 4);
    assert!(took > ms(200) && took < ms(260), "{took:?}");
    assert_eq!((timeouts(&net), retransmits(&net)), (0, 1));
    assert_eq!(cwnd(&net), window);
    // It was a loss, and that is known as soon as something behind it arrives.
    time_of(&mut net, 4);
    net.run_for(ms(300));
    assert!(cwnd(&net) < window);
}

#[test]
fn a_tail_of_several_packets_is_recovered() {
    for lost in 1..=6 {
        let mut net = warm(Net::new(2));
        nth(&mut net, move |n| {
            if (11 - lost..=10).contains(&n) {
                Fate::Lose
            } else {
                Fate::Pass
            }
        });
        let took = time_of(&mut net, 10 * 1452);
        assert!(took < ms(350), "{lost} lost: {took:?}");
        assert_eq!(timeouts(&net), 0, "{lost} lost");
        assert_eq!(retransmits(&net), lost as u64);
    }
}

/// The tail was late only. The peer gets it twice and says so, and the window stays.
#[test]
fn a_late_tail_costs_nothing() {
    let mut net = warm(Net::new(3));
    let window = cwnd(&net);
    nth(&mut net, |n| {
        if n == 1 {
            Fate::Delay(ms(270))
        } else {
            Fate::Pass
        }
    });
    time_of(&mut net, 4);
    net.run_for(ms(300));
    assert_eq!((timeouts(&net), retransmits(&net)), (0, 1));
    time_of(&mut net, 4);
    net.run_for(ms(300));
    assert_eq!(cwnd(&net), window);
}

/// How long the peer waits with a SACK is the peer's affair, whatever is set here.
#[test]
fn a_peer_that_delays_its_sacks_gets_no_probe() {
    let mut net = Net::new(10);
    net.hosts[A].config.sack_delay = Duration::ZERO;
    let mut net = warm(net);
    for _ in 0..20 {
        // A full packet is no sign that the sender waits for the SACK.
        time_of(&mut net, 1452);
        net.run_for(ms(250));
    }
    assert_eq!((timeouts(&net), retransmits(&net)), (0, 0));
}

/// A message that must not be sent again is not probed with, or it would be given up though it is
/// only late.
#[test]
fn a_probe_gives_nothing_up() {
    let mut net = warm(Net::new(9));
    nth(&mut net, |n| {
        if n == 1 {
            Fate::Delay(ms(600))
        } else {
            Fate::Pass
        }
    });
    let mut once = message(0, false, b"once");
    once.policy = Policy::Retransmissions(0);
    assert!(net.with(A, |assoc, cx| assoc.send(cx, once)).is_ok());
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    assert_eq!((timeouts(&net), retransmits(&net)), (0, 0));
}

/// A retransmission gets lost three times over, and each time what is sent after it tells.
#[test]
fn a_lost_retransmission_is_found() {
    let mut net = warm(Net::new(4));
    let victim = Rc::new(RefCell::new((None, 0)));
    let state = victim.clone();
    let mut seen = 0;
    net.filter(move |packet| {
        let list = tsns(packet);
        let (victim, lost) = &mut *state.borrow_mut();
        seen += usize::from(!list.is_empty());
        if seen == 10 && victim.is_none() {
            *victim = list.first().copied();
        }
        if victim.is_some_and(|tsn| list.contains(&tsn)) && *lost < 4 {
            *lost += 1;
            return Fate::Lose;
        }
        Fate::Pass
    });
    let took = time_of(&mut net, 90_000);
    assert_eq!(victim.borrow().1, 4);
    assert!(took < ms(300), "{took:?}");
    assert_eq!((timeouts(&net), retransmits(&net)), (0, 4));
}

/// A lost retransmission means that the window is too large still.
#[test]
fn a_lost_retransmission_reduces_the_window_again() {
    let window = |times: usize| {
        let mut net = warm(Net::new(5));
        let mut victim = None;
        let mut lost = 0;
        let mut seen = 0;
        net.filter(move |packet| {
            let list = tsns(packet);
            seen += usize::from(!list.is_empty());
            if seen == 12 && victim.is_none() {
                victim = list.first().copied();
            }
            if victim.is_some_and(|tsn| list.contains(&tsn)) && lost < times {
                lost += 1;
                return Fate::Lose;
            }
            Fate::Pass
        });
        net.send(A, 0, &pattern(1, 90_000));
        net.run_until(|net| net.hosts[A].assoc().paths()[0].recovery.is_some());
        net.run_until(|net| net.hosts[A].assoc().paths()[0].recovery.is_none());
        net.hosts[A].assoc().paths()[0].cc.ssthresh()
    };
    let (once, twice) = (window(1), window(2));
    assert!(twice * 10 <= once * 8, "{once}, then {twice}");
}

#[test]
fn many_losses_in_a_window() {
    let mut net = warm(Net::new(6));
    // Every third packet of forty.
    nth(&mut net, |n| {
        if n % 3 == 0 && n < 40 {
            Fate::Lose
        } else {
            Fate::Pass
        }
    });
    let took = time_of(&mut net, 90_000);
    assert!(took < ms(600), "{took:?}");
    assert_eq!((timeouts(&net), retransmits(&net)), (0, 13));
}

/// Packets overtake each other all the time and none is lost.
#[test]
fn reordering_is_tolerated() {
    let run = |strict: bool| {
        let mut net = Net::new(7);
        if strict {
            net.strict();
        }
        net.link.delay = ms(40);
        net.link.jitter = ms(15);
        let mut net = warm(net);
        for i in 0..40 {
            net.send(A, 0, &pattern(i, 30_000));
        }
        net.run_until(|net| net.hosts[Z].got.len() == 41);
        (retransmits(&net), timeouts(&net))
    };
    let (ours, theirs) = (run(false), run(true));
    // Some are needed to learn.
    assert!(ours.0 <= 5, "{ours:?}");
    assert!(theirs.0 > 3 * ours.0, "{ours:?} and {theirs:?}");
}

/// One packet is late by a little: that is no loss, even for the first time.
#[test]
fn one_late_packet_is_no_loss() {
    let mut net = warm(Net::new(8));
    let window = cwnd(&net);
    nth(&mut net, |n| {
        if n == 4 {
            Fate::Delay(Duration(100_000))
        } else {
            Fate::Pass
        }
    });
    time_of(&mut net, 5 * 1452);
    assert_eq!(retransmits(&net), 0);
    assert!(cwnd(&net) >= window);
}

// Rates.

/// A link's sending side: so many bytes per second, and a queue of so many bytes. What does not fit
/// is lost, and besides every `lose`-th packet.
fn bottleneck(rate: u64, queue: u64, lose: u64) -> impl FnMut(&Flying) -> Fate {
    let mut idle_at = Time::START;
    let mut count = 0;
    move |packet| {
        if packet.to != Z {
            return Fate::Pass;
        }
        count += 1;
        let waits = idle_at.since(packet.at);
        if waits.0 * rate / 1_000_000_000 > queue || (lose > 0 && count % lose == 0) {
            return Fate::Lose;
        }
        let takes = packet.bytes.len() as u64 * 1_000_000_000 / rate;
        idle_at = idle_at.max(packet.at).plus(Duration(takes));
        Fate::Delay(idle_at.since(packet.at))
    }
}

/// Bytes per second of user data that go through in a transfer of `messages` of 30000 bytes.
fn goodput(net: &mut Net, messages: usize) -> u64 {
    net.check = false;
    net.hosts[A].world.now = net.now;
    let (start, before) = (net.now, net.hosts[Z].got.len());
    for i in 0..messages {
        net.send(A, 0, &pattern(i as u64, 30_000));
    }
    net.run_until(|net| net.hosts[Z].got.len() == before + messages);
    messages as u64 * 30_000 * 1_000_000_000 / net.now.since(start).0
}

/// Two hosts with large buffers, so that it is cwnd that limits.
fn wide(seed: u64, strict: bool) -> Net {
    let mut net = Net::new(seed);
    if strict {
        net.strict();
    }
    for host in &mut net.hosts {
        host.config.rcvbuf = 8 << 20;
    }
    net.link.delay = ms(25);
    net.open();
    net
}

const RATE: u64 = 1_250_000;

#[test]
fn a_clean_link_is_filled() {
    // Slow start goes too far, which costs Reno more.
    for (strict, share) in [(false, 85), (true, 60)] {
        let mut net = wide(20, strict);
        // As much as is under way at that rate.
        net.filter(bottleneck(RATE, RATE / 20, 0));
        let got = goodput(&mut net, 300);
        assert!(got > RATE * share / 100, "strict {strict}: {got}");
        assert!(strict || timeouts(&net) == 0);
    }
}

#[test]
fn a_lossy_link_is_used() {
    let mut rates = Vec::new();
    for strict in [false, true] {
        let mut net = wide(21, strict);
        net.filter(bottleneck(RATE, RATE / 20, 100));
        rates.push(goodput(&mut net, 300));
    }
    // What is to be expected of Reno is 1.22 MTU / (RTT sqrt(p)), 356 kB/s.
    assert!(rates[0] > 400_000, "{rates:?}");
    assert!(rates[0] > rates[1], "{rates:?}");
}

// Bursts.

/// Nine of ten SACKs get lost. Each that arrives is for so much the more, and Max.Burst is no
/// reason to send less than that: the window does not shrink to what four packets per SACK are.
#[test]
fn bursts_follow_what_was_acknowledged() {
    let mut net = wide(22, false);
    let mut link = bottleneck(RATE, RATE / 20, 0);
    let mut count = 0;
    net.filter(move |packet| {
        if packet.has(ChunkType::Sack) {
            count += 1;
            // As long as the window is small, each of them is needed.
            if count > 200 && count % 10 > 0 {
                return Fate::Lose;
            }
        }
        link(packet)
    });
    let got = goodput(&mut net, 200);
    assert!(got > RATE * 80 / 100, "{got}");
}

/// A burst of one packet would wait for a delayed SACK if it did not ask for one.
#[test]
fn small_bursts_do_not_stall() {
    for strict in [false, true] {
        for max_burst in 1..=3 {
            let mut net = Net::new(23);
            if strict {
                net.strict();
            }
            net.hosts[A].config.max_burst = max_burst;
            net.open();
            net.run_for(Duration::from_secs(1));
            for len in [1452, 2904, 4356, 50_000] {
                let took = time_of(&mut net, len);
                let packets = len as u32 / 1452 + 1;
                assert!(
                    took < ms(20 * packets),
                    "{max_burst}, {len} bytes: {took:?}"
                );
            }
            assert_eq!(net.hosts[Z].counter(Counter::DelaySackExpireds), 0);
        }
    }
}

// Receivers that misbehave.

fn sack(cumulative: Tsn, gaps: &[GapBlock], duplicates: &[Tsn]) -> Vec<u8> {
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(1, 1, 1, 60_000, GFP_ATOMIC).unwrap();
    let (gaps, duplicates) = (gaps.iter().copied(), duplicates.iter().copied());
    out.sack(GFP_ATOMIC, cumulative, 100_000, gaps, duplicates)
        .unwrap();
    flatten(&out)[12..].to_vec()
}

/// A host of which many packets are under way, none of which will arrive, and their first TSN.
fn stuck(seed: u64) -> (Net, Tsn) {
    let mut net = warm(Net::new(seed));
    net.filter(|packet| match packet.to {
        Z => Fate::Lose,
        _ => Fate::Pass,
    });
    net.sent.clear();
    for i in 0..8 {
        net.send(A, 0, &pattern(i, 20_000));
    }
    let first = net.sent.iter().flat_map(tsns).next().unwrap();
    (net, Tsn(first))
}

fn forge(net: &mut Net, chunk: &[u8]) {
    let mut bytes = net.header(Z);
    bytes.extend(chunk);
    net.forge(Z, bytes);
}

#[test]
fn duplicate_sacks_gain_nothing() {
    let (mut net, first) = stuck(30);
    let one = sack(first, &[], &[]);
    forge(&mut net, &one);
    let (window, packets) = (cwnd(&net), net.hosts[A].packets);
    for _ in 0..100 {
        forge(&mut net, &one);
    }
    assert_eq!(cwnd(&net), window);
    // Each is an input, after which a burst may leave; but the window is full.
    assert!(net.hosts[A].packets <= packets + 30);
    assert!(net.hosts[A].assoc().paths()[0].flight <= window + 1468);
    assert_eq!(retransmits(&net), 0);
}

/// To acknowledge something, to take it back, and to acknowledge it again.
#[test]
fn reneging_gains_nothing() {
    let (mut net, first) = stuck(31);
    let gap = [GapBlock { start: 2, end: 3 }];
    forge(&mut net, &sack(first.minus(1), &gap, &[]));
    let window = cwnd(&net);
    for _ in 0..100 {
        forge(&mut net, &sack(first.minus(1), &[], &[]));
        forge(&mut net, &sack(first.minus(1), &gap, &[]));
    }
    assert!(cwnd(&net) <= window);
    assert_eq!(net.hosts[A].assoc().paths()[0].flight % 4, 0);
}

/// Who claims to have got everything twice only makes this side wait longer, and no longer than a
/// round trip.
#[test]
fn claimed_duplicates_do_not_stop_recovery() {
    let mut net = warm(Net::new(32));
    let mut seen = 0;
    net.filter(move |packet| {
        seen += usize::from(!tsns(packet).is_empty());
        if seen % 10 == 5 && packet.to == Z {
            return Fate::Lose;
        }
        Fate::Pass
    });
    net.send(A, 0, &pattern(1, 200_000));
    while net.hosts[Z].got.len() < 2 {
        net.step();
        let last = net.sent.iter().rev().find_map(|packet| {
            packet.with(|pkt| {
                let sack = pkt.chunks().flatten().find(|c| c.kind == ChunkType::Sack)?;
                Some(Sack::parse(&sack).unwrap().cumulative_tsn_ack)
            })?
        });
        let last = last.unwrap();
        forge(&mut net, &sack(last, &[], &[last]));
    }
    assert_eq!(timeouts(&net), 0);
}
