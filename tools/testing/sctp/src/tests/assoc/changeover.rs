// SPDX-License-Identifier: GPL-2.0

//! A change of the primary path in the middle of a transfer, with losses on the old path, on the
//! new one, on both: what is sent on the new path overtakes what is in flight on the old one, and
//! each path is judged by its own acknowledgements (RFC 9260, 7.2.4, SFR-CACC).

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use crate::engine::{
    addr::IpAddr,
    stats::Counter,
    time::{Duration, Time},
};
use crate::tests::sim::{address, pattern, Fate, Flying, Link, Net, A, Z};

/// Packets that are sent on the old path between the first that may get lost and the change.
const BEFORE: usize = 12;

const SIZE: usize = 600_000;

/// The number of the network that a packet takes.
fn network(packet: &Flying) -> usize {
    match packet.dst.ip {
        IpAddr::V4(ip) => usize::from(ip.octets()[1]),
        IpAddr::V6(_) => panic!(),
    }
}

/// What went over the wire since losses may happen.
#[derive(Default)]
struct Watch {
    /// TSNs by the network in which they were sent first.
    first: BTreeMap<u32, usize>,
    /// Packets with new DATA in each network.
    packets: [usize; 2],
    lost: BTreeSet<u32>,
    /// Where TSNs were sent again.
    again: Vec<(u32, usize)>,
}

/// Two ways from A to Z, of which the first one is slower than the second by these one-way delays.
fn network_of(strict: bool, delays: [u32; 2]) -> Net {
    let mut net = Net::multihomed(1, 2);
    if strict {
        net.strict();
    }
    for host in &mut net.hosts {
        host.config.rcvbuf = 4 << 20;
        // The times are to be those of DATA.
        host.config.path.hb_interval = Duration::from_secs(600);
    }
    for (n, delay) in delays.into_iter().enumerate() {
        for to in [A, Z] {
            let link = Link {
                delay: Duration::from_millis(delay),
                ..Link::default()
            };
            net.links.insert((n as u8, to), link);
        }
    }
    net.open();
    net.run_until(|net| net.hosts[A].assoc().paths().iter().all(|p| p.is_active()));
    net
}

/// A transfer with a change from the first path to the second. Packets with these numbers get
/// lost on the one and the other, counted from 12 packets before the change and from the change.
fn changeover(strict: bool, delays: [u32; 2], losses: [&'static [usize]; 2]) -> Net {
    let mut net = network_of(strict, delays);
    net.send(A, 0, &pattern(1, SIZE));
    net.run_until(|net| net.hosts[A].assoc().paths()[0].flight > 25_000);
    let watch = Rc::new(RefCell::new(Watch::default()));
    let shared = Rc::clone(&watch);
    net.filter(move |packet| {
        let (tsns, mut watch) = (packet.tsns(), shared.borrow_mut());
        if packet.to != Z || tsns.is_empty() {
            return Fate::Pass;
        }
        let n = network(packet);
        let is_new = tsns.iter().all(|tsn| !watch.first.contains_key(tsn));
        if !is_new {
            watch.again.extend(tsns.into_iter().map(|tsn| (tsn, n)));
            return Fate::Pass;
        }
        watch.first.extend(tsns.iter().map(|tsn| (*tsn, n)));
        watch.packets[n] += 1;
        if !losses[n].contains(&watch.packets[n]) {
            return Fate::Pass;
        }
        watch.lost.extend(tsns);
        Fate::Lose
    });
    net.run_until(|_| watch.borrow().packets[0] >= BEFORE);
    net.with(A, |assoc, _| assoc.set_primary(&address(Z, 1)).unwrap());
    let before = thresholds(&net);
    let mut recovered = [false; 2];
    net.run_until(|net| {
        for (n, path) in net.hosts[A].assoc().paths().iter().enumerate() {
            recovered[n] |= path.recovery.is_some();
        }
        net.hosts[A].assoc().unacked_chunks() == 0 && net.hosts[Z].got.len() == 1
    });

    let watch = watch.borrow();
    let case = format!("strict {strict}, {delays:?} ms, losses {losses:?}");
    let all: Vec<usize> = losses.iter().map(|list| list.len()).collect();
    assert_eq!(watch.lost.len(), all[0] + all[1], "{case}");
    let again: BTreeSet<u32> = watch.again.iter().map(|(tsn, _)| *tsn).collect();
    assert_eq!(again, watch.lost, "{case}: what was lost is sent again");
    assert_eq!(watch.again.len(), watch.lost.len(), "{case}: and once");
    for (tsn, n) in &watch.again {
        assert_eq!(watch.first[tsn], *n, "{case}: {tsn} was sent elsewhere");
    }
    assert_eq!(timeouts(&net), 0, "{case}");
    for n in [0, 1] {
        let has_lost = all[n] > 0;
        assert_eq!(recovered[n], has_lost, "{case}: recovery on path {n}");
        let is_slower = thresholds(&net)[n] < before[n];
        assert_eq!(is_slower, has_lost, "{case}: ssthresh of path {n}");
    }
    net
}

fn thresholds(net: &Net) -> [usize; 2] {
    let paths = net.hosts[A].assoc().paths();
    [paths[0].cc.ssthresh(), paths[1].cc.ssthresh()]
}

fn timeouts(net: &Net) -> u64 {
    net.hosts[A].counter(Counter::T3RtxExpireds)
}

/// What is lost, and what is not, whichever path is the quicker one.
#[test]
fn each_path_recovers_by_itself() {
    let losses: [&[usize]; 3] = [&[], &[3], &[2, 3, 7]];
    for strict in [false, true] {
        for delays in [[40, 5], [20, 20], [5, 40]] {
            for old in losses {
                for new in losses {
                    let mut net = changeover(strict, delays, [old, new]);
                    net.finish(A);
                }
            }
        }
    }
}

/// Back and forth: nothing is found missing that is only slower.
#[test]
fn paths_that_take_turns_do_not_disturb_each_other() {
    for strict in [false, true] {
        let mut net = network_of(strict, [40, 5]);
        net.send(A, 0, &pattern(1, SIZE));
        let mut turn = 0_u8;
        let mut next: Time = net.now;
        net.run_until(|net| {
            if net.now >= next {
                turn = 1 - turn;
                next = net.now.plus(Duration::from_millis(17));
                net.with(A, |assoc, _| assoc.set_primary(&address(Z, turn)).unwrap());
            }
            net.hosts[Z].got.len() == 1
        });
        let repeats = net.hosts[A].counter(Counter::T3Retransmits);
        assert_eq!((repeats, timeouts(&net)), (0, 0), "strict {strict}");
        net.finish(A);
    }
}
