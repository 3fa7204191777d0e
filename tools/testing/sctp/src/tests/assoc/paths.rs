// SPDX-License-Identifier: GPL-2.0

//! Several paths between two hosts: which one is used, how soon a dead one is left, when it is
//! taken up again. RFC 9260, 6.4, 8.1 to 8.3; RFC 7829.

use std::{cell::Cell, rc::Rc};

use crate::engine::{
    addr::IpAddr,
    assoc::{state::PathNotices, PathError, State},
    config::{Config, LossDetection, PathConfig},
    event::{
        Closed,
        PathChange::{self, *},
        PathReason,
    },
    path::{PathId, PathState, MAX_PATHS},
    time::{Duration, Time},
    wire::chunk::ChunkType,
};
use crate::tests::sim::{address, pattern, Fate, Flying, Net, Seen, A, Z};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

fn secs(s: u32) -> Duration {
    Duration::from_secs(s)
}

fn sum(spans: impl IntoIterator<Item = Duration>) -> Duration {
    Duration(spans.into_iter().map(|span| span.0).sum())
}

/// A round trip in these networks.
const RTT: Duration = Duration::from_millis(20);

/// RTO.Min, which is what the RTO is in these networks.
pub(super) const RTO: Duration = Duration::from_secs(1);

/// How long `n` time-outs in a row take, backed off each time.
fn time_outs(n: u32) -> Duration {
    sum((0..n).map(|i| Duration(RTO.0 << i).min(secs(60))))
}

/// Which of the networks between the hosts carry nothing. Network `n` is the one between the
/// addresses `n`.
#[derive(Clone)]
pub(super) struct Cuts(Rc<Cell<u8>>);

impl Cuts {
    pub(super) fn cut(&self, n: u8) {
        self.0.set(self.0.get() | 1 << n);
    }

    pub(super) fn mend(&self, n: u8) {
        self.0.set(self.0.get() & !(1 << n));
    }

    pub(super) fn fate(&self, packet: &Flying) -> Fate {
        if self.0.get() & 1 << network(packet) == 0 {
            Fate::Pass
        } else {
            Fate::Lose
        }
    }
}

fn network(packet: &Flying) -> u8 {
    match packet.dst.ip {
        IpAddr::V4(ip) => ip.octets()[1],
        IpAddr::V6(_) => panic!(),
    }
}

/// A and Z connected by `n` networks, of which those in `cut` carry nothing.
pub(super) fn connected(
    seed: u64,
    n: u8,
    cut: &[u8],
    configure: impl Fn(&mut Config),
) -> (Net, Cuts) {
    let mut net = Net::multihomed(seed, n);
    for host in &mut net.hosts {
        // Times are to be those of the network.
        host.config.nodelay = true;
        configure(&mut host.config);
    }
    let cuts = Cuts(Rc::new(Cell::new(0)));
    for n in cut {
        cuts.cut(*n);
    }
    let filter = cuts.clone();
    net.filter(move |packet| filter.fate(packet));
    net.connect(A);
    net.run_until(|net| {
        let is_up = |host: &crate::tests::sim::Host| {
            let is_fine = |(n, path): (usize, &crate::engine::path::Path)| {
                path.is_active() || cut.contains(&(n as u8))
            };
            host.seen.contains(&Seen::Up) && host.assoc().paths().iter().enumerate().all(is_fine)
        };
        net.hosts.iter().all(is_up)
    });
    for host in &mut net.hosts {
        host.paths.clear();
    }
    net.sent.clear();
    (net, cuts)
}

/// Two networks and the usual settings.
pub(super) fn two_paths(seed: u64) -> (Net, Cuts) {
    connected(seed, 2, &[], |_| ())
}

fn state(net: &Net, who: usize, n: usize) -> PathState {
    net.hosts[who].assoc().paths()[n].state
}

/// Of the packets with a chunk of that type from a host: when they were sent, and in which
/// network.
fn sent(net: &Net, from: usize, kind: ChunkType) -> Vec<(Time, u8)> {
    net.sent
        .iter()
        .filter(|p| p.to != from && p.has(kind))
        .map(|p| (p.at, network(p)))
        .collect()
}

pub(super) fn networks(net: &Net, from: usize, kind: ChunkType) -> Vec<u8> {
    sent(net, from, kind).into_iter().map(|(_, n)| n).collect()
}

/// What A was told about address `n` of Z.
fn changes(net: &Net, n: u8) -> Vec<PathChange> {
    net.hosts[A]
        .paths
        .iter()
        .filter(|(addr, _)| *addr == address(Z, n))
        .map(|(_, change)| *change)
        .collect()
}

/// Runs until A was told that.
#[track_caller]
pub(super) fn await_change(net: &mut Net, n: u8, change: PathChange) {
    net.run_until(|net| net.hosts[A].paths.contains(&(address(Z, n), change)));
}

/// Sends a message from A and runs until Z has it; says how long that took.
#[track_caller]
pub(super) fn time_of_message(net: &mut Net) -> Duration {
    let (start, got) = (net.now, net.hosts[Z].got.len());
    net.send(A, 0, &pattern(1, 100));
    net.run_until(|net| net.hosts[Z].got.len() > got);
    net.now.since(start)
}

#[test]
fn each_address_is_confirmed_and_told_once() {
    let mut net = Net::multihomed(1, 4);
    net.connect(A);
    net.run_for(secs(100));
    for (who, host) in net.hosts.iter().enumerate() {
        let confirmed: Vec<_> = (1..4).map(|n| (address(1 - who, n), Confirmed)).collect();
        assert_eq!(host.paths, confirmed);
    }
}

// Failover.

/// RFC 7829: one RTO is all that a dead primary path costs.
#[test]
fn a_dead_primary_path_is_left_after_one_time_out() {
    let (mut net, cuts) = two_paths(2);
    cuts.cut(0);
    assert_eq!(time_of_message(&mut net), Duration(RTO.0 + RTT.0 / 2));
    assert_eq!(changes(&net, 0), [PotentiallyFailed]);
    assert_eq!(changes(&net, 1), []);
    // Nothing of it is seen from now on. A tail loss probe went there, too.
    for _ in 0..5 {
        assert_eq!(time_of_message(&mut net), Duration(RTT.0 / 2));
        net.run_for(ms(300));
    }
    assert_eq!(networks(&net, A, ChunkType::Data), [0, 0, 1, 1, 1, 1, 1, 1]);
    assert_eq!(net.hosts[A].assoc().primary(), PathId(0));
}

/// RFC 9260 alone, 8.2: DATA goes to the primary path until that has failed Path.Max.Retrans
/// times and once more.
#[test]
fn without_potentially_failed_each_time_out_is_waited_for() {
    let (mut net, cuts) = connected(3, 2, &[], |config| {
        config.path.pf_retrans = PathConfig::NEVER;
        config.path.path_max_retrans = 3;
    });
    cuts.cut(0);
    let start = net.now;
    let mut took = Vec::new();
    while changes(&net, 0).is_empty() {
        took.push(time_of_message(&mut net));
    }
    assert_eq!(changes(&net, 0), [Unreachable]);
    // Messages are sent one after the other, so each waited for a time-out.
    let waits: Vec<_> = (0..4).map(|i| Duration((RTO.0 << i) + RTT.0 / 2)).collect();
    assert_eq!(took, waits);
    assert!(net.now.since(start) <= sum([time_outs(4), RTT, RTT]));
    assert_eq!(time_of_message(&mut net), Duration(RTT.0 / 2));
}

/// An idle path: HB.interval and an RTO with its jitter until the HEARTBEAT, then time-outs one
/// after the other (RFC 7829, 4.2).
#[test]
fn a_dead_idle_path_is_found_by_heartbeats() {
    for seed in 10..20 {
        let (mut net, cuts) = two_paths(seed);
        let n = (seed % 2) as u8;
        cuts.cut(n);
        let start = net.now;
        await_change(&mut net, n, PotentiallyFailed);
        let found = net.now.since(start);
        assert!(
            found <= sum([secs(30), RTO, Duration(RTO.0 / 2), RTO]),
            "{found:?}"
        );
        let beat = net.now;
        await_change(&mut net, n, Unreachable);
        // One of six was PotentiallyFailed.
        let more = time_outs(6).0 - time_outs(1).0;
        assert_eq!(net.now.since(beat), Duration(more));
        assert_eq!(changes(&net, n), [PotentiallyFailed, Unreachable]);
        assert_eq!(state(&net, A, usize::from(n)), PathState::Inactive);
        assert_eq!(changes(&net, 1 - n), []);
        // Then it is left alone for HB.interval between HEARTBEATs (8.3).
        net.sent.clear();
        net.run_for(secs(600));
        let beats = networks(&net, A, ChunkType::Heartbeat);
        let beats = beats.iter().filter(|m| **m == n).count();
        assert!((4..=10).contains(&beats), "{beats}");
    }
}

/// RFC 7829, 4.2: a HEARTBEAT per RTO finds out when a path works again.
#[test]
fn the_primary_path_is_taken_up_as_soon_as_it_answers() {
    let (mut net, cuts) = two_paths(4);
    cuts.cut(0);
    time_of_message(&mut net);
    net.run_for(secs(4));
    assert_eq!(state(&net, A, 0), PathState::PotentiallyFailed);
    cuts.mend(0);
    let (start, rto) = (net.now, net.hosts[A].assoc().paths()[0].rto.get());
    await_change(&mut net, 0, Recovered(PathReason::HeartbeatAck));
    assert!(net.now.since(start) <= sum([rto, RTT]));
    net.sent.clear();
    time_of_message(&mut net);
    assert_eq!(networks(&net, A, ChunkType::Data), [0]);
    assert_eq!(net.hosts[A].assoc().paths()[0].errors, 0);
}

#[test]
fn a_path_that_was_given_up_is_taken_up_again() {
    let (mut net, cuts) = two_paths(5);
    cuts.cut(0);
    time_of_message(&mut net);
    await_change(&mut net, 0, Unreachable);
    net.run_for(secs(500));
    cuts.mend(0);
    let (start, rto) = (net.now, net.hosts[A].assoc().paths()[0].rto.get());
    await_change(&mut net, 0, Available(PathReason::HeartbeatAck));
    let bound = sum([secs(30), rto, Duration(rto.0 / 2), RTT]);
    assert!(net.now.since(start) <= bound);
    let wanted = [
        PotentiallyFailed,
        Unreachable,
        Available(PathReason::HeartbeatAck),
    ];
    assert_eq!(changes(&net, 0), wanted);
    net.sent.clear();
    time_of_message(&mut net);
    assert_eq!(networks(&net, A, ChunkType::Data), [0]);
}

/// With three paths, DATA stays on the one it went to while the primary one is away.
#[test]
fn data_does_not_hop_between_alternates() {
    let (mut net, cuts) = connected(6, 3, &[], |_| ());
    cuts.cut(0);
    time_of_message(&mut net);
    net.sent.clear();
    for _ in 0..200 {
        time_of_message(&mut net);
        net.run_for(secs(1));
    }
    let used = networks(&net, A, ChunkType::Data);
    assert!(
        used[0] != 0 && used.iter().all(|n| *n == used[0]),
        "{used:?}"
    );
    // The next one fails, too.
    cuts.cut(used[0]);
    assert_eq!(time_of_message(&mut net), Duration(RTO.0 + RTT.0 / 2));
    assert_eq!(time_of_message(&mut net), Duration(RTT.0 / 2));
}

/// RFC 7829, 5: as large as PFMR, PSMR makes a failover permanent.
#[test]
fn the_primary_path_changes_for_good_if_so_wanted() {
    let (mut net, cuts) = connected(7, 2, &[], |config| config.path.ps_retrans = 0);
    cuts.cut(0);
    time_of_message(&mut net);
    assert_eq!(
        net.hosts[A].paths,
        [
            (address(Z, 0), PotentiallyFailed),
            (address(Z, 1), MadePrimary)
        ]
    );
    cuts.mend(0);
    await_change(&mut net, 0, Recovered(PathReason::HeartbeatAck));
    net.sent.clear();
    time_of_message(&mut net);
    assert_eq!(networks(&net, A, ChunkType::Data), [1]);
    assert_eq!(net.hosts[A].assoc().primary(), PathId(1));
}

// Errors.

/// 8.1: that a path is dead which nothing goes to says nothing about the peer.
#[test]
fn a_dead_secondary_path_is_no_reason_to_give_up() {
    let (mut net, cuts) = connected(8, 2, &[], |config| config.association_max_retrans = 1);
    cuts.cut(1);
    net.run_for(secs(3600));
    for who in [A, Z] {
        assert_eq!(net.hosts[who].state(), State::Established);
        assert_eq!(state(&net, who, 1), PathState::Inactive);
    }
    assert_eq!(time_of_message(&mut net), Duration(RTT.0 / 2));
}

/// 8.1: Association.Max.Retrans time-outs in a row, on whichever path, and once more.
#[test]
fn the_association_ends_if_all_paths_are_dead() {
    for (max_retrans, seed) in [(10, 9), (3, 10), (0, 11)] {
        let (mut net, cuts) = connected(seed, 2, &[], |config| {
            config.association_max_retrans = max_retrans;
            config.loss_detection = LossDetection::MissingReports;
        });
        cuts.cut(0);
        cuts.cut(1);
        let start = net.now;
        net.send(A, 0, b"anybody there?");
        net.run_until(|net| net.hosts[A].assoc.is_none());
        assert_eq!(net.hosts[A].end(), Some(Closed::TimedOut { setup: false }));
        let took = net.now.since(start);
        assert!(
            took >= Duration(RTO.0 * u64::from(max_retrans + 1)),
            "{took:?}"
        );
        assert!(took <= time_outs(max_retrans + 1), "{took:?}");
        // DATA was tried on both, in turns.
        let used = networks(&net, A, ChunkType::Data);
        assert_eq!(used.len() as u32, max_retrans + 1);
        assert!(used.windows(2).all(|pair| pair[0] != pair[1]), "{used:?}");
    }
}

/// The same without any DATA.
#[test]
fn an_idle_association_ends_if_all_paths_are_dead() {
    for seed in 12..16 {
        let (mut net, cuts) = two_paths(seed);
        cuts.cut(0);
        cuts.cut(1);
        let start = net.now;
        net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
        // No HEARTBEAT is waited for longer than HB.interval, one and a half RTO until it is sent,
        // and one more; every second one is on the path that counts.
        let most = Duration(30_000_000_000 + 60_000_000_000 * 5 / 2);
        assert!(net.now.since(start) <= Duration(most.0 * 22));
        for host in &net.hosts {
            assert_eq!(host.end(), Some(Closed::TimedOut { setup: false }));
        }
    }
}

/// RFC 7829, 6.1: when all paths are inactive DATA is still tried, on each of them, and that alone
/// makes none of them active.
#[test]
fn a_dormant_association_goes_on_trying() {
    for alive in [0, 1] {
        let (mut net, cuts) = connected(17, 2, &[], |config| config.association_max_retrans = 1000);
        cuts.cut(0);
        cuts.cut(1);
        net.send(A, 0, b"patience");
        await_change(&mut net, 0, Unreachable);
        await_change(&mut net, 1, Unreachable);
        net.sent.clear();
        net.run_for(secs(1000));
        let used = networks(&net, A, ChunkType::Data);
        assert!(used.len() >= 1000 / 60, "{used:?}");
        assert!(used.contains(&0) && used.contains(&1), "{used:?}");
        for n in [0, 1] {
            assert_eq!(state(&net, A, n), PathState::Inactive);
        }
        cuts.mend(alive);
        let start = net.now;
        net.run_until(|net| net.hosts[Z].got.len() == 1);
        // The RTO is RTO.Max by now. The other one may be the one tried first, and once more.
        assert!(net.now.since(start) <= secs(3 * 60));
        let reason = PathReason::HeartbeatAck;
        net.run_until(|net| {
            let told = changes(net, alive);
            told.contains(&Available(reason)) || told.contains(&Available(PathReason::Sack))
        });
        net.run_for(RTT);
        assert_eq!(time_of_message(&mut net), Duration(RTT.0 / 2));
        assert_eq!(net.hosts[A].state(), State::Established);
    }
}

/// DATA that is under way where nobody answers is sent at once on a path that does again.
#[test]
fn a_path_that_comes_back_saves_what_is_under_way() {
    let (mut net, cuts) = two_paths(35);
    cuts.cut(0);
    cuts.cut(1);
    net.send(A, 0, b"help");
    net.run_until(|net| {
        let sent = networks(net, A, ChunkType::Data);
        sent.len() > 4 && sent.last() == Some(&0)
    });
    assert!(net.hosts[A].assoc().paths()[0].flight > 0);
    assert_eq!(state(&net, A, 1), PathState::PotentiallyFailed);
    cuts.mend(1);
    net.sent.clear();
    net.with(A, |assoc, _| assoc.request_heartbeat(PathId(1)).unwrap());
    net.run_for(Duration(RTT.0 + RTT.0 / 2));
    assert_eq!(networks(&net, A, ChunkType::Data), [1]);
    assert_eq!(net.hosts[Z].got.len(), 1);
    // It did not cost the path that was left anything.
    cuts.mend(0);
    await_change(&mut net, 0, Recovered(PathReason::HeartbeatAck));
    net.finish(A);
}

/// 8.1: HEARTBEATs that pass where DATA does not are no reason to wait for ever.
#[test]
fn heartbeats_do_not_hide_that_data_is_lost() {
    let (mut net, _) = two_paths(18);
    net.filter(|p| match p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    let start = net.now;
    net.send(A, 0, &pattern(1, 1400));
    net.run_until(|net| net.hosts[A].assoc.is_none());
    assert_eq!(net.hosts[A].end(), Some(Closed::TimedOut { setup: false }));
    assert!(net.now.since(start) <= time_outs(11));
}

/// A HEARTBEAT and DATA that are lost together are one failure.
#[test]
fn one_outage_is_one_strike() {
    let (mut net, cuts) = connected(19, 2, &[], |config| {
        config.path.pf_retrans = PathConfig::NEVER;
    });
    for after in [0, 300, 700] {
        cuts.cut(0);
        net.with(A, |assoc, _| assoc.request_heartbeat(PathId(0)).unwrap());
        net.run_for(ms(after));
        let got = net.hosts[Z].got.len();
        net.send(A, 0, b"lost as well");
        net.run_until(|net| net.hosts[Z].got.len() > got);
        // The HEARTBEAT's time is over, too.
        net.run_for(ms(100));
        assert_eq!(net.hosts[A].assoc().paths()[0].errors, 1, "{after}");
        cuts.mend(0);
        net.with(A, |assoc, _| assoc.request_heartbeat(PathId(0)).unwrap());
        net.run_until(|net| net.hosts[A].assoc().paths()[0].errors == 0);
        net.run_for(secs(5));
    }
}

/// RFC 7829, 4.2: an acknowledgement of what was sent on two paths tells of neither that it works.
#[test]
fn only_what_was_sent_on_one_path_proves_it() {
    let (mut net, _) = connected(20, 2, &[], |config| {
        config.loss_detection = LossDetection::MissingReports;
    });
    let lost = Rc::new(Cell::new(2));
    let filter = lost.clone();
    net.filter(move |p| {
        if p.to == Z && p.has(ChunkType::Heartbeat) {
            return Fate::Lose;
        }
        if p.to == Z && p.has(ChunkType::Data) && filter.get() > 0 {
            filter.set(filter.get() - 1);
            return Fate::Lose;
        }
        Fate::Pass
    });
    time_of_message(&mut net);
    net.run_for(RTT);
    assert_eq!(lost.get(), 0);
    assert_eq!(networks(&net, A, ChunkType::Data), [0, 1, 0]);
    assert_eq!(net.hosts[A].assoc().unacked_chunks(), 0);
    for n in [0, 1] {
        assert_eq!(state(&net, A, n), PathState::PotentiallyFailed);
    }
    net.sent.clear();
    time_of_message(&mut net);
    net.run_for(RTT);
    let used = networks(&net, A, ChunkType::Data);
    assert_eq!(used.len(), 1);
    assert_eq!(state(&net, A, usize::from(used[0])), PathState::Active);
    assert!(changes(&net, used[0]).contains(&Recovered(PathReason::Sack)));
}

// Heartbeats.

/// 5.4: an address that nobody answers from gets HEARTBEATs and nothing else, whatever else fails.
#[test]
fn an_unconfirmed_address_gets_heartbeats_only() {
    let (mut net, cuts) = connected(21, 2, &[1], |config| config.association_max_retrans = 4);
    cuts.cut(0);
    net.send(A, 0, b"to whom?");
    net.send(Z, 0, b"to whom?");
    net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
    let mut probes = 0;
    for packet in net.sent.iter().filter(|p| network(p) == 1) {
        assert_eq!(packet.kinds(), [ChunkType::Heartbeat]);
        probes += 1;
    }
    assert!(probes > 2);
    for host in &net.hosts {
        assert!(host
            .paths
            .iter()
            .all(|(addr, _)| *addr != address(A, 1) && *addr != address(Z, 1)));
    }
}

/// 8.3: only what is idle is probed.
#[test]
fn a_path_in_use_is_not_probed() {
    let (mut net, _) = two_paths(22);
    net.sent.clear();
    for _ in 0..600 {
        time_of_message(&mut net);
        net.run_for(secs(1));
    }
    let beats = networks(&net, A, ChunkType::Heartbeat);
    // Every 30.5 to 31.5 s.
    assert!(beats.iter().all(|n| *n == 1), "{beats:?}");
    assert!((19..=20).contains(&beats.len()), "{beats:?}");
}

/// 8.3, A to C: HB.interval per path, none, and again.
#[test]
fn each_path_has_its_own_interval() {
    let (mut net, _) = connected(23, 3, &[], |_| ());
    let settings = |ms, heartbeats| PathConfig {
        hb_interval: Duration::from_millis(ms),
        heartbeats,
        ..PathConfig::default()
    };
    let config = [settings(0, true), settings(9_000, true), settings(0, false)];
    for (n, config) in config.into_iter().enumerate() {
        let id = PathId(n as u8);
        net.with(A, |assoc, cx| assoc.configure_path(cx, id, config).unwrap());
    }
    net.run_for(secs(60));
    net.sent.clear();
    net.run_for(secs(1000));
    let beats = sent(&net, A, ChunkType::Heartbeat);
    let of = |n| beats.iter().filter(move |(_, m)| *m == n);
    assert!((950..=1050).contains(&of(0).count()), "{}", of(0).count());
    assert!((98..=102).contains(&of(1).count()), "{}", of(1).count());
    assert_eq!(of(2).count(), 0);
    // The jitter is half an RTO to either side, and not always the same.
    for (n, interval) in [(0, 0), (1, 9_000)] {
        let times: Vec<_> = of(n).map(|(at, _)| *at).collect();
        let spans = || times.windows(2).map(|pair| pair[1].since(pair[0]));
        let (least, most) = (spans().min().unwrap(), spans().max().unwrap());
        assert!(least >= ms(interval + 500), "{least:?}");
        assert!(most <= ms(interval + 1500), "{most:?}");
        assert!(most.0 - least.0 > ms(800).0, "{least:?} to {most:?}");
    }
    // Switched on again, and for all.
    net.with(A, |assoc, cx| {
        assoc.configure_paths(cx, settings(1_000, true)).unwrap();
    });
    net.sent.clear();
    net.run_for(secs(100));
    let beats = networks(&net, A, ChunkType::Heartbeat);
    for n in 0..3 {
        let count = beats.iter().filter(|m| **m == n).count();
        assert!((40..=60).contains(&count), "{count}");
    }
}

/// 8.3, D: on demand, and no more than that.
#[test]
fn a_heartbeat_can_be_asked_for() {
    let (mut net, cuts) = connected(24, 2, &[], |config| config.path.heartbeats = false);
    net.run_for(secs(600));
    assert_eq!(networks(&net, A, ChunkType::Heartbeat), []);
    let ask = |net: &mut Net, n| net.with(A, |assoc, _| assoc.request_heartbeat(PathId(n)));
    ask(&mut net, 1).unwrap();
    assert_eq!(networks(&net, A, ChunkType::Heartbeat), [1]);
    net.run_for(secs(600));
    assert_eq!(networks(&net, A, ChunkType::Heartbeat), [1]);
    assert_eq!(changes(&net, 1), []);
    // One that is not answered, and one that is too late to help it.
    cuts.cut(1);
    ask(&mut net, 1).unwrap();
    net.run_for(ms(900));
    ask(&mut net, 1).unwrap();
    net.run_for(ms(99));
    assert_eq!(changes(&net, 1), []);
    net.run_for(ms(1));
    assert_eq!(changes(&net, 1), [PotentiallyFailed]);
    net.run_for(secs(600));
    assert_eq!(networks(&net, A, ChunkType::Heartbeat), [1, 1, 1]);
    assert_eq!(changes(&net, 1), [PotentiallyFailed]);
    cuts.mend(1);
    ask(&mut net, 1).unwrap();
    net.run_for(RTT);
    let wanted = [PotentiallyFailed, Recovered(PathReason::HeartbeatAck)];
    assert_eq!(changes(&net, 1), wanted);

    assert_eq!(ask(&mut net, 2), Err(PathError::Unknown));
    net.filter(|_| Fate::Lose);
    net.shutdown(A);
    assert_eq!(ask(&mut net, 1), Err(PathError::BadState));
}

/// HEARTBEATs that are switched off do not keep an address from being confirmed (5.4).
#[test]
fn addresses_are_confirmed_without_heartbeats() {
    let (net, _) = connected(25, 4, &[], |config| config.path.heartbeats = false);
    for n in 0..4 {
        assert_eq!(state(&net, A, n), PathState::Active);
    }
}

/// 5.4: where nobody has answered yet there is one answer to a packet, and only to HEARTBEATs.
#[test]
fn an_unconfirmed_address_is_told_nothing() {
    let (mut net, _) = connected(31, 2, &[1], |_| ());
    let from_unconfirmed = |net: &mut Net, chunks: &[u8]| {
        let mut bytes = net.header(A);
        bytes.extend(chunks);
        net.sent.clear();
        net.deliver(Flying {
            at: net.now,
            to: Z,
            src: address(A, 1),
            dst: address(Z, 1),
            bytes,
            cut: None,
        });
        let answers: Vec<_> = net.sent.iter().map(|p| (network(p), p.kinds())).collect();
        answers
    };
    let unknown = [0xff, 0, 0, 4];
    let beat = [4, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4];
    assert_eq!(from_unconfirmed(&mut net, &unknown), []);
    let answer = [(1, vec![ChunkType::HeartbeatAck])];
    assert_eq!(from_unconfirmed(&mut net, &beat), answer);
    let both = [&unknown[..], &beat, &unknown].concat();
    assert_eq!(from_unconfirmed(&mut net, &both), answer);
}

/// 7.2.5: what was learned about a route says nothing about another one.
#[test]
fn a_new_route_is_learned_anew() {
    let (mut net, _) = two_paths(32);
    let fresh = |net: &Net| {
        let path = &net.hosts[A].assoc().paths()[0];
        (path.cc.cwnd(), path.rto.srtt())
    };
    let before = fresh(&net);
    assert!(before.1 > Duration::ZERO);
    net.send(A, 0, &pattern(1, 100_000));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    assert!(fresh(&net).0 > before.0);
    net.with(A, |assoc, _| assoc.handle_route_change(PathId(0)));
    assert_eq!(fresh(&net), (before.0, Duration::ZERO));
    assert_eq!(net.hosts[A].assoc().paths()[0].rto.get(), RTO);
    // In the middle of something.
    net.send(A, 0, &pattern(1, 100_000));
    net.run_for(RTT);
    net.with(A, |assoc, _| assoc.handle_route_change(PathId(0)));
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    net.finish(A);
}

/// 7.2.5.1: so with other queues.
#[test]
fn another_dscp_is_another_route() {
    let (mut net, _) = two_paths(33);
    net.send(A, 0, &pattern(1, 100_000));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    let srtt = |net: &Net| net.hosts[A].assoc().paths()[0].rto.srtt();
    let mut config = net.hosts[A].config.path;
    config.marks.flow_label = Some(7);
    let set = |net: &mut Net, config| {
        net.with(A, |assoc, cx| assoc.configure_path(cx, PathId(0), config))
            .unwrap();
    };
    set(&mut net, config);
    assert!(srtt(&net) > Duration::ZERO);
    config.marks.dscp = Some(0xb8);
    set(&mut net, config);
    assert_eq!(srtt(&net), Duration::ZERO);
    net.send(A, 0, &pattern(1, 100_000));
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    assert!(srtt(&net) > Duration::ZERO);
    set(&mut net, config);
    assert!(srtt(&net) > Duration::ZERO);
}

// Commands and other chunks.

#[test]
fn the_user_chooses_the_primary_path() {
    let (mut net, _) = two_paths(26);
    let set = |net: &mut Net, n| net.with(A, |assoc, _| assoc.set_primary(&address(Z, n)));
    set(&mut net, 1).unwrap();
    assert_eq!(net.hosts[A].paths, [(address(Z, 1), MadePrimary)]);
    time_of_message(&mut net);
    set(&mut net, 0).unwrap();
    time_of_message(&mut net);
    assert_eq!(networks(&net, A, ChunkType::Data), [1, 0]);
    assert_eq!(net.hosts[A].paths.len(), 2);
    // Who waits to be told waits for that, too.
    set(&mut net, 0).unwrap();
    assert_eq!(net.hosts[A].paths.len(), 3);
    assert_eq!(set(&mut net, 2), Err(PathError::Unknown));
}

#[test]
fn a_primary_path_that_is_not_confirmed_gets_no_data() {
    let (mut net, cuts) = connected(27, 2, &[1], |_| ());
    net.with(A, |assoc, _| assoc.set_primary(&address(Z, 1)).unwrap());
    time_of_message(&mut net);
    cuts.mend(1);
    await_change(&mut net, 1, Confirmed);
    time_of_message(&mut net);
    assert_eq!(networks(&net, A, ChunkType::Data), [0, 1]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let (mut net, _) = two_paths(28);
    let wrong = PathConfig {
        pf_retrans: 2,
        ps_retrans: 1,
        ..PathConfig::default()
    };
    net.with(A, |assoc, cx| {
        assert_eq!(
            assoc.configure_path(cx, PathId(0), wrong),
            Err(PathError::Invalid)
        );
        assert_eq!(assoc.configure_paths(cx, wrong), Err(PathError::Invalid));
        let right = PathConfig {
            ps_retrans: 2,
            ..wrong
        };
        assert_eq!(
            assoc.configure_path(cx, PathId(2), right),
            Err(PathError::Unknown)
        );
        assert_eq!(assoc.configure_path(cx, PathId(1), right), Ok(()));
        assert_eq!(assoc.paths()[0].config.pf_retrans, 0);
        assert_eq!(assoc.paths()[1].config.pf_retrans, 2);
    });
}

/// Settings may change at any time; HEARTBEATs have theirs (8.3). The invariants look at it.
#[test]
fn settings_do_not_start_heartbeats() {
    let beats = PathConfig {
        hb_interval: Duration::ZERO,
        ..PathConfig::default()
    };
    let configure = |net: &mut Net| {
        net.sent.clear();
        net.with(A, |assoc, cx| assoc.configure_paths(cx, beats).unwrap());
        net.run_for(secs(20));
        assert_eq!(networks(net, A, ChunkType::Heartbeat), []);
    };
    let mut net = Net::new(33);
    net.filter(|_| Fate::Lose);
    net.connect(A);
    configure(&mut net);
    assert_eq!(net.hosts[A].state(), State::CookieWait);
    let (mut net, cuts) = two_paths(34);
    cuts.cut(0);
    cuts.cut(1);
    net.shutdown(A);
    configure(&mut net);
    assert_eq!(net.hosts[A].state(), State::ShutdownSent);
}

/// 5.2.4, action A: what the user has set for a path outlives the peer, what was learned does not.
#[test]
fn settings_outlive_a_restart() {
    let (mut net, cuts) = two_paths(36);
    let config = PathConfig {
        hb_interval: secs(7),
        ..PathConfig::default()
    };
    net.with(Z, |assoc, cx| {
        assoc.configure_path(cx, PathId(1), config).unwrap();
    });
    cuts.cut(1);
    net.run_until(|net| state(net, Z, 1) != PathState::Active);
    net.hosts[A].assoc = None;
    net.connect(A);
    net.run_until(|net| net.hosts[Z].seen.contains(&Seen::Restarted));
    let path = &net.hosts[Z].assoc().paths()[1];
    assert_eq!((path.state, path.errors), (PathState::Active, 0));
    assert_eq!(path.config.hb_interval, secs(7));
}

/// One notice for each address is kept, the last one, in the order in which they began.
#[test]
fn notices_are_bounded() {
    let mut notices = PathNotices::default();
    for change in [PotentiallyFailed, Unreachable] {
        for n in (0..MAX_PATHS as u8).rev() {
            notices.push(PathId(n), change);
            notices.check_invariants();
        }
    }
    for n in (0..MAX_PATHS as u8).rev() {
        assert_eq!(notices.pop(), Some((PathId(n), Unreachable)));
        notices.check_invariants();
    }
    assert_eq!(notices.pop(), None);
}

/// 6.4: a SACK goes back, and another way once the peer repeats what was acknowledged.
#[test]
fn sacks_take_another_way_if_data_is_repeated() {
    let (mut net, _) = two_paths(29);
    net.keep = true;
    time_of_message(&mut net);
    net.run_for(secs(1));
    let data = net
        .kept
        .iter()
        .find(|p| p.has(ChunkType::Data))
        .unwrap()
        .clone();
    net.sent.clear();
    net.deliver(data);
    assert_eq!(networks(&net, Z, ChunkType::Sack), [1]);
    time_of_message(&mut net);
    net.run_for(secs(1));
    assert_eq!(networks(&net, Z, ChunkType::Sack), [1, 0]);
}

/// A SHUTDOWN that is not answered goes another way (6.4).
#[test]
fn a_shutdown_finds_its_way() {
    let (mut net, cuts) = two_paths(30);
    cuts.cut(0);
    let start = net.now;
    net.finish(A);
    assert_eq!(networks(&net, A, ChunkType::Shutdown), [0, 1]);
    assert_eq!(networks(&net, Z, ChunkType::ShutdownAck), [1]);
    assert_eq!(networks(&net, A, ChunkType::ShutdownComplete), [1]);
    assert_eq!(net.now.since(start), Duration(RTO.0 + RTT.0 * 3 / 2));
}
