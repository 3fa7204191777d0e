// SPDX-License-Identifier: GPL-2.0

//! Associations over networks that carry less than the route says: RFC 9260, 7.3, and RFC 8899.

use kernel::fault;

use super::paths::two_paths;
use crate::engine::{
    path::{PathId, MIN_MTU},
    pmtu::{Phase, BASE_PLPMTU},
    stats::Counter,
    time::Duration,
    wire::chunk::ChunkType,
};
use crate::tests::sim::{address, pattern, Fate, Flying, Net, A, Z};

const ROUTE: usize = 1480;

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

fn secs(s: u32) -> Duration {
    Duration::from_secs(s)
}

/// A connected network that carries packets of so many bytes, and says nothing about others.
fn black_hole(seed: u64, carries: usize) -> Net {
    let mut net = Net::connected(seed);
    for host in &mut net.hosts {
        host.carries = carries;
    }
    net
}

fn is_probe(packet: &Flying) -> bool {
    packet.has(ChunkType::Pad)
}

/// Sizes of the probes that a host has sent.
fn probes(net: &Net, from: usize) -> Vec<usize> {
    let sent = net.sent.iter();
    sent.filter(|p| p.to != from && is_probe(p))
        .map(|p| p.bytes.len())
        .collect()
}

fn mtu(net: &Net, who: usize) -> usize {
    net.hosts[who].assoc().paths()[0].mtu()
}

fn phase(net: &Net, who: usize) -> Phase {
    net.hosts[who].assoc().paths()[0].pmtu.phase()
}

/// Sends messages of so many bytes and says how long it takes until all have arrived.
#[track_caller]
fn transfer(net: &mut Net, count: u64, len: usize) -> Duration {
    let start = net.now;
    let goal = net.hosts[Z].got.len() + count as usize;
    for i in 0..count {
        net.send(A, 0, &pattern(i, len));
    }
    net.run_until(|net| net.hosts[Z].got.len() == goal);
    net.now.since(start)
}

#[test]
fn a_path_that_carries_what_the_route_says_is_not_probed() {
    let mut net = Net::connected(1);
    transfer(&mut net, 100, 20_000);
    net.run_for(secs(3600));
    assert!(probes(&net, A).is_empty());
    assert_eq!(mtu(&net, A), ROUTE);
    net.finish(A);
}

/// Whatever the network carries, the messages arrive, the first one after one T3-rtx.
#[test]
fn a_black_hole_costs_one_timeout() {
    for carries in [1200, 1260, 1300, 1400, 1472, 1476] {
        let mut net = black_hole(2, carries);
        let took = transfer(&mut net, 20, 10_000);
        assert!(took < ms(2500), "{carries}: {took:?}");
        assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 1, "{carries}");
        // The search goes on, and then ends.
        net.run_until(|net| phase(net, A) == Phase::Complete);
        let found = mtu(&net, A);
        assert!(
            found <= carries && found + 42 >= carries,
            "{carries} {found}"
        );
        let took = transfer(&mut net, 20, 10_000);
        assert!(took < ms(500), "{carries}: {took:?}");
        net.finish(A);
    }
}

/// The path does not even carry the base.
#[test]
fn a_black_hole_for_the_base() {
    for carries in [MIN_MTU, 700, 1100] {
        let mut net = black_hole(3, carries);
        let took = transfer(&mut net, 5, 10_000);
        assert!(took < secs(60), "{carries}: {took:?}");
        net.run_until(|net| phase(net, A) == Phase::Complete);
        let found = mtu(&net, A);
        assert!(
            found <= carries && found + 35 >= carries,
            "{carries} {found}"
        );
        net.finish(A);
    }
}

/// The MTU drops in the middle of a transfer, and what is under way was cut for the larger one.
#[test]
fn the_mtu_drops_under_load() {
    let mut net = Net::connected(4);
    for i in 0..100 {
        net.send(A, 0, &pattern(i, 10_000));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 30);
    net.hosts[A].carries = 1300;
    let start = net.now;
    net.run_until(|net| net.hosts[Z].got.len() == 100);
    let took = net.now.since(start);
    // 1400 bytes had arrived, so two timeouts in a row: one and two seconds.
    assert!(took > secs(3) && took < secs(5), "{took:?}");
    let cut = net.sent.iter().filter(|p| p.cut.is_some()).count();
    assert!(cut > 0, "what was too large left in fragments");
    for packet in &net.sent {
        assert!(packet.cut.is_none_or(|len| len >= BASE_PLPMTU));
    }
    assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 2);
    net.finish(A);
}

#[test]
fn a_timeout_by_congestion_costs_three_round_trips_at_the_base() {
    let mut net = Net::connected(5);
    // The first flight is lost, whatever its size.
    net.filter(|p| match p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    net.send(A, 0, &pattern(1, 10_000));
    net.run_for(ms(900));
    net.no_filter();
    net.run_until(|net| mtu(net, A) == BASE_PLPMTU);
    let start = net.now;
    net.run_until(|net| mtu(net, A) == ROUTE);
    assert!(net.now.since(start) <= ms(60), "20 ms are a round trip");
    // The SACK overtook the answer to the first one.
    assert_eq!(probes(&net, A), [BASE_PLPMTU, BASE_PLPMTU, ROUTE]);
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    net.run_for(secs(3600));
    assert_eq!(probes(&net, A).len(), 3, "and nothing after that");
}

/// While a path is down its probes are lost, too. When it is back, nothing is left of that.
#[test]
fn after_an_outage_the_mtu_is_what_it_was() {
    for outage in [2, 10, 30, 100] {
        let mut net = Net::connected(6);
        transfer(&mut net, 10, 10_000);
        net.filter(|_| Fate::Lose);
        for i in 0..20 {
            net.send(A, 0, &pattern(i, 10_000));
        }
        net.run_for(secs(outage));
        net.no_filter();
        net.run_until(|net| net.hosts[Z].got.len() == 30);
        net.run_for(ms(100));
        assert_eq!(mtu(&net, A), ROUTE, "after {outage} s");
        net.finish(A);
    }
}

#[test]
fn the_loss_of_a_probe_is_no_congestion_and_no_fault() {
    let mut net = Net::new(7);
    net.hosts[A].config.probe_from_base = true;
    net.filter(|p| match p.has(ChunkType::Pad) && p.bytes.len() > 1300 {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    net.open();
    transfer(&mut net, 10, 10_000);
    let path = &net.hosts[A].assoc().paths()[0];
    let (cwnd, rto) = (path.cc.cwnd(), path.rto.get());
    net.run_until(|net| phase(net, A) == Phase::Complete);
    let path = &net.hosts[A].assoc().paths()[0];
    assert_eq!((path.cc.cwnd(), path.rto.get()), (cwnd, rto));
    assert_eq!((path.errors, path.is_active()), (0, true));
    assert!(probes(&net, A).len() > 6);
    net.finish(A);
}

#[test]
fn at_most_one_probe_is_under_way_and_the_search_ends() {
    let mut net = black_hole(8, 1350);
    transfer(&mut net, 20, 10_000);
    let mut last = None;
    for packet in net.sent.iter().filter(|p| is_probe(p) && p.to == Z) {
        let since = last.replace(packet.at).map(|at| packet.at.since(at));
        assert!(since.is_none_or(|since| since >= ms(20)), "{since:?}");
    }
    net.run_until(|net| phase(net, A) == Phase::Complete);
    let before = probes(&net, A).len();
    assert!(before < 40, "{before}");
    net.run_for(secs(500));
    assert_eq!(probes(&net, A).len(), before, "none while idle");
}

#[test]
fn a_path_that_carries_more_again_is_found_by_the_raise_timer() {
    let mut net = black_hole(9, 1300);
    transfer(&mut net, 20, 10_000);
    net.run_until(|net| phase(net, A) == Phase::Complete);
    net.hosts[A].carries = ROUTE;
    net.run_for(secs(601));
    assert_eq!(mtu(&net, A), ROUTE);
    net.finish(A);
}

#[test]
fn a_larger_route_is_probed_first_and_then_used() {
    let mut net = Net::connected(10);
    transfer(&mut net, 1, 100);
    net.with(A, |assoc, cx| assoc.handle_mtu(cx, assoc.primary(), 8980));
    assert_eq!(mtu(&net, A), ROUTE);
    net.run_for(ms(50));
    assert_eq!(mtu(&net, A), 8980);
    let path = &net.hosts[A].assoc().paths()[0];
    assert!(path.cc.cwnd() >= 8980 - 12);
    transfer(&mut net, 10, 100_000);
    let largest = net.sent.iter().map(|p| p.bytes.len()).max();
    assert!(largest > Some(8900), "{largest:?}");

    // The route claims too much.
    net.hosts[A].carries = 8980;
    net.with(A, |assoc, cx| assoc.handle_mtu(cx, assoc.primary(), 16_000));
    let took = transfer(&mut net, 10, 100_000);
    assert!(took < ms(1000), "no DATA is lost: {took:?}");
    net.finish(A);
}

/// Who was connected to had no route when the association was made. The first packet finds one, and
/// all is as if it had been known.
#[test]
fn the_first_route_need_not_be_probed() {
    let mut net = Net::connected(10);
    net.with(Z, |assoc, cx| assoc.handle_mtu(cx, assoc.primary(), 8980));
    assert_eq!(mtu(&net, Z), 8980);
    let path = &net.hosts[Z].assoc().paths()[0];
    assert_eq!(path.pmtu.probe_due(), None);
    assert!(path.cc.cwnd() > 8980, "an initial window");
    net.finish(A);
}

/// Each direction has its own.
#[test]
fn asymmetric() {
    let mut net = Net::connected(11);
    net.hosts[A].carries = 1300;
    for i in 0..20 {
        net.send(A, 0, &pattern(i, 5_000));
        net.send(Z, 0, &pattern(i, 5_000));
    }
    net.run_until(|net| net.hosts.iter().all(|h| h.got.len() == 20));
    assert!(mtu(&net, A) < 1300);
    assert_eq!(mtu(&net, Z), ROUTE);
    net.finish(A);
}

#[test]
fn a_probe_does_not_go_before_data() {
    let mut net = Net::new(12);
    net.hosts[A].config.probe_from_base = true;
    net.hosts[Z].listens = true;
    net.connect(A);
    net.send(A, 0, &pattern(1, 3000));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    let kinds: Vec<_> = net.sent.iter().filter(|p| p.to == Z).collect();
    let data = kinds.iter().position(|p| p.has(ChunkType::Data));
    let probe = kinds.iter().position(|p| is_probe(p));
    assert!(data < probe, "{data:?} {probe:?}");
}

#[test]
fn strictly_nothing_is_sent_that_was_not_probed() {
    let mut net = Net::new(13);
    net.hosts[A].config.probe_from_base = true;
    net.hosts[A].carries = 1400;
    net.open();
    let took = transfer(&mut net, 100, 10_000);
    assert!(took < secs(1), "{took:?}");
    assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 0);
    for packet in net.sent.iter().filter(|p| p.to == Z && !is_probe(p)) {
        assert!(packet.bytes.len() <= BASE_PLPMTU);
    }
    net.run_until(|net| phase(net, A) == Phase::Complete);
    assert_eq!(mtu(&net, A), 1400);
}

/// An answer counts only if it has the nonce of the last probe.
#[test]
fn answers_that_are_guessed_or_late_count_for_nothing() {
    let mut net = Net::new(14);
    net.hosts[A].config.probe_from_base = true;
    net.filter(|p| match p.has(ChunkType::Pad) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    net.open();
    net.run_for(ms(100));
    let late = net.sent.iter().rfind(|p| is_probe(p)).unwrap().clone();
    for change in [0, 1] {
        let mut bytes = net.header(Z);
        bytes.extend([5, 0, 0, 20]);
        bytes.extend(&late.bytes[16..32]);
        *bytes.last_mut().unwrap() ^= change;
        if change == 0 {
            // The second probe is under way.
            net.run_for(secs(20));
        }
        net.forge(Z, bytes);
        assert_eq!((phase(&net, A), mtu(&net, A)), (Phase::Base, BASE_PLPMTU));
    }
}

#[test]
fn each_failing_allocation_only_delays_the_search() {
    for n in 1..60 {
        let mut net = black_hole(15, 1400);
        for i in 0..3 {
            net.send(A, 0, &pattern(i, 5_000));
        }
        let plan = fault::fail_nth(n);
        net.run_for(secs(10));
        drop(plan);
        net.run_until(|net| net.hosts[Z].got.len() == 3 && phase(net, A) == Phase::Complete);
        assert!(mtu(&net, A) > 1350);
        net.finish(A);
    }
}

/// Losses, and messages that arrive all the same.
#[test]
fn any_network() {
    for seed in 0..30 {
        let mut net = Net::connected(100 + seed);
        net.link.loss = 20;
        net.link.jitter = ms(5);
        for i in 0..60 {
            net.send(A, i as u16 % 5, &pattern(i, 7_000));
            net.send(Z, i as u16 % 5, &pattern(i, 3_000));
        }
        let mut carries = [1480, 1300, 900, 1400, 1240, 1480].into_iter().cycle();
        let mut next = net.now;
        net.run_until(|net| {
            if net.now >= next {
                next = net.now.plus(secs(5));
                let now = carries.next().unwrap();
                net.hosts[A].carries = now;
                net.hosts[Z].carries = now - seed as usize;
            }
            net.hosts.iter().all(|h| h.got.len() == 60)
        });
        for host in &mut net.hosts {
            host.carries = ROUTE;
        }
        net.finish(A);
    }
}

/// A chunk may have to be sent again on another path than the one it was cut for.
#[test]
fn messages_are_cut_for_the_smallest_of_the_paths() {
    let (mut net, _cuts) = two_paths(16);
    net.with(A, |assoc, cx| assoc.handle_mtu(cx, PathId(1), 1000));
    let mtus = |net: &Net| {
        net.hosts[A]
            .assoc()
            .paths()
            .iter()
            .map(|p| p.mtu())
            .collect()
    };
    let before: Vec<usize> = mtus(&net);
    assert_eq!(before, [ROUTE, 1000], "each path has its own");
    assert_eq!(net.hosts[A].assoc().frag_point(), 972);
    transfer(&mut net, 1, 10_000);
    for packet in net.sent.iter().filter(|p| p.to == Z) {
        assert!(!packet.any(|chunk| chunk.raw.len() > 16 + 972));
    }

    // It is larger again, which is found out there.
    net.with(A, |assoc, cx| assoc.handle_mtu(cx, PathId(1), ROUTE));
    net.run_for(ms(50));
    let probe = net.sent.iter().rfind(|p| is_probe(p)).unwrap();
    assert_eq!((probe.dst, probe.bytes.len()), (address(Z, 1), ROUTE));
    assert_eq!(net.hosts[A].assoc().frag_point(), 1452);
    net.finish(A);
}

/// The path MTU is what the user says, whatever ICMP and losses say.
#[test]
fn the_user_fixes_the_mtu() {
    for (wanted, mtu) in [(512, 492), (1000, 980), (1500, 1480)] {
        let mut net = Net::connected(22);
        let mut config = net.hosts[A].config.path;
        (config.pmtud, config.fixed_mtu) = (false, wanted);
        net.with(A, |assoc, cx| assoc.configure_path(cx, PathId(0), config))
            .unwrap();
        net.sent.clear();
        transfer(&mut net, 5, 10_000);
        let largest = net.sent.iter().filter(|p| p.to == Z);
        assert_eq!(largest.map(|p| p.bytes.len()).max(), Some(mtu));
        net.finish(A);
    }
}

/// From the INIT on, and no probes.
#[test]
fn an_association_begins_with_the_mtu_that_the_user_fixes() {
    let mut net = Net::new(23);
    let path = &mut net.hosts[A].config.path;
    (path.pmtud, path.fixed_mtu) = (false, 800);
    net.hosts[A].config.probe_from_base = true;
    net.open();
    transfer(&mut net, 20, 10_000);
    assert_eq!(mtu(&net, A), 780);
    let sent = net.sent.iter().filter(|p| p.to == Z);
    assert_eq!(sent.map(|p| p.bytes.len()).max(), Some(780));
    net.run_for(secs(700));
    assert!(probes(&net, A).is_empty());
    net.finish(A);
}
