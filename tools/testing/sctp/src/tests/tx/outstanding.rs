// SPDX-License-Identifier: GPL-2.0

//! The outstanding queue against a model that counts per chunk and walks over everything.

use std::collections::BTreeMap;

use proptest::prelude::*;

use kernel::alloc::flags::GFP_ATOMIC;

use crate::engine::{
    path::{PathId, MAX_PATHS},
    serial::{Ssn, Tsn},
    time::{Duration, Time},
    tx::outstanding::{BadSack, ChunkState, Outstanding, Summary},
    wire::{data::DataHeader, sack::GapBlock},
};
use crate::tests::support::{cases, payload::Bytes};

const NOW: Time = Time::START;

fn header(tsn: Tsn) -> DataHeader {
    DataHeader {
        tsn,
        stream: 0,
        ssn: Ssn(0),
        ppid: [0; 4],
        unordered: false,
        begin: true,
        end: true,
        immediate: false,
    }
}

fn send(queue: &mut Outstanding<Bytes>, len: usize, path: PathId) {
    queue.reserve(MAX_PATHS, GFP_ATOMIC).unwrap();
    let payload = Bytes::new(&vec![0; len]);
    queue.sent(header(queue.next_tsn()), payload, path, NOW);
}

fn check(queue: &Outstanding<Bytes>) {
    queue.check_invariants(&mut [0; MAX_PATHS]);
}

/// Applies a SACK that was prepared and gives the bytes that it reports missing for the third time
/// on the first path.
fn judge(queue: &mut Outstanding<Bytes>, cumulative: Tsn) -> usize {
    let mut summary = Summary::default();
    queue.apply(cumulative, NOW, &mut summary);
    queue.report_missing(PathId(0), summary.paths[0].highest_newly_acked, false)
}

#[derive(Clone, Debug)]
struct ModelChunk {
    /// Counted from the first one.
    tsn: usize,
    state: ChunkState,
    path: u8,
    fast: bool,
    was_acked: bool,
}

/// What was newly acknowledged on a path since something is in flight there: the highest TSN of
/// each SACK, and of all.
#[derive(Clone, Debug, Default)]
struct ModelPath {
    reports: Vec<usize>,
    highest: Option<usize>,
    /// The TSN that was sent then. What is before it is not judged.
    floor: usize,
}

impl ModelPath {
    /// How often a TSN was reported missing.
    fn is_missing(&self, tsn: usize) -> bool {
        let reports = self.reports.iter().filter(|&&report| report > tsn).count();
        reports >= 3 && tsn >= self.floor
    }
}

/// As the RFC has it, counting for each chunk, but each path for itself.
#[derive(Debug, Default)]
struct Model {
    /// From the cumulative TSN on.
    chunks: Vec<ModelChunk>,
    paths: [ModelPath; 2],
    sent: usize,
}

impl Model {
    fn in_flight(&self, path: u8) -> impl Iterator<Item = &ModelChunk> {
        let is = move |c: &&ModelChunk| c.state == ChunkState::InFlight && c.path == path;
        self.chunks.iter().filter(is)
    }

    /// A chunk goes into flight. What a path was told is forgotten if nothing was in flight there.
    fn enter(&mut self, i: usize, path: u8) {
        if self.in_flight(path).next().is_none() {
            self.paths[usize::from(path)] = ModelPath {
                floor: self.chunks[i].tsn,
                ..ModelPath::default()
            };
        }
        self.chunks[i].state = ChunkState::InFlight;
        self.chunks[i].path = path;
    }

    fn send(&mut self, path: u8) {
        self.chunks.push(ModelChunk {
            tsn: self.sent,
            state: ChunkState::Lost,
            path,
            fast: false,
            was_acked: false,
        });
        self.sent += 1;
        self.enter(self.chunks.len() - 1, path);
    }

    /// `gaps[i]` is whether the chunk `i` behind the new cumulative TSN is acknowledged.
    fn sack(&mut self, cumulative: usize, gaps: &[bool], recovering: bool) {
        let mut newly = [None; 2];
        let mut last = self.chunks.first().map(|chunk| chunk.tsn);
        for i in 0..self.chunks.len() {
            let is_acked = i < cumulative || gaps.get(i - cumulative).copied().unwrap_or(false);
            let ModelChunk {
                tsn,
                state,
                path,
                was_acked,
                ..
            } = self.chunks[i];
            if is_acked {
                last = Some(tsn);
            }
            if is_acked && state != ChunkState::Acked {
                let to = &mut self.paths[usize::from(path)];
                to.highest = to.highest.max(Some(tsn));
                if state == ChunkState::InFlight && !was_acked {
                    newly[usize::from(path)] = Some(tsn);
                }
                self.chunks[i].state = ChunkState::Acked;
                self.chunks[i].was_acked = true;
            } else if !is_acked && state == ChunkState::Acked {
                self.enter(i, path);
            }
        }
        for (path, newly_acked) in newly.into_iter().enumerate() {
            let to = &mut self.paths[path];
            let report = if recovering && cumulative > 0 {
                to.highest.min(last)
            } else {
                newly_acked
            };
            let before = to.clone();
            to.reports.extend(report);
            for chunk in &mut self.chunks {
                let is_new = to.is_missing(chunk.tsn) && !before.is_missing(chunk.tsn);
                let is_here = usize::from(chunk.path) == path;
                if is_new && is_here && chunk.state == ChunkState::InFlight && !chunk.fast {
                    chunk.state = ChunkState::Lost;
                    chunk.fast = true;
                }
            }
        }
        self.chunks.drain(..cumulative);
    }

    fn timeout(&mut self, path: u8) {
        for chunk in &mut self.chunks {
            if chunk.state == ChunkState::InFlight && chunk.path == path {
                chunk.state = ChunkState::Lost;
            }
        }
    }

    fn lost(&self) -> Vec<usize> {
        (0..self.chunks.len())
            .filter(|&i| self.chunks[i].state == ChunkState::Lost)
            .collect()
    }
}

#[derive(Clone, Debug)]
enum Op {
    Send(u8, u8),
    /// How far the cumulative TSN moves, in 1/256 of what is outstanding; what is acknowledged
    /// beyond; whether in recovery; whether blocks are listed in a strange order.
    Sack(u8, Vec<bool>, bool, bool),
    Timeout(u8),
    Retransmit(u8, u8),
}

fn op() -> impl Strategy<Value = Op> {
    let gaps = prop_oneof![
        Just(vec![]),
        proptest::collection::vec(any::<bool>(), 0..40),
        // The usual: a hole or two.
        (1..5usize, 0..30usize).prop_map(|(hole, len)| {
            let mut gaps = vec![false; hole];
            gaps.extend(vec![true; len]);
            gaps
        }),
    ];
    prop_oneof![
        4 => (1..30u8, 0..2u8).prop_map(|(n, path)| Op::Send(n, path)),
        8 => (prop_oneof![Just(0u8), any::<u8>()], gaps, any::<bool>(), any::<bool>())
            .prop_map(|(cum, gaps, rec, odd)| Op::Sack(cum, gaps, rec, odd)),
        1 => (0..2u8).prop_map(Op::Timeout),
        4 => (1..10u8, 0..2u8).prop_map(|(n, path)| Op::Retransmit(n, path)),
    ]
}

/// Gap blocks that say what `gaps` does, in a strange order if wanted.
fn blocks(gaps: &[bool], odd: bool) -> Vec<GapBlock> {
    let mut list = Vec::new();
    for (i, acked) in gaps.iter().enumerate() {
        let at = i as u16 + 1;
        match list.last_mut() {
            Some(GapBlock { end, .. }) if *acked && *end + 1 == at && !odd => *end = at,
            _ if *acked => list.push(GapBlock { start: at, end: at }),
            _ => {}
        }
    }
    if odd {
        list.reverse();
        if let Some(first) = list.first().copied() {
            list.push(first);
        }
    }
    list
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn behaves_as_the_model(
        start in prop_oneof![Just(u32::MAX - 30), any::<u32>()],
        ops in proptest::collection::vec(op(), 1..120),
    ) {
        let mut queue = Outstanding::new(Tsn(start));
        let mut model = Model::default();
        for op in ops {
            match op {
                Op::Send(n, path) => {
                    for i in 0..n {
                        send(&mut queue, 1 + usize::from(i), PathId(path));
                        model.send(path);
                    }
                }
                Op::Sack(share, mut gaps, recovering, odd) => {
                    let advance = model.chunks.len() * usize::from(share) / 256;
                    let rest = model.chunks.len() - advance;
                    gaps.truncate(rest);
                    // The one behind the cumulative TSN is missing, by definition.
                    if let Some(first) = gaps.first_mut() {
                        *first = false;
                    }
                    let cumulative = queue.cumulative_tsn_ack().plus(advance as u32);
                    queue
                        .prepare(cumulative, blocks(&gaps, odd).into_iter(), GFP_ATOMIC)
                        .unwrap();
                    let before = model.chunks.clone();
                    let mut summary = Summary::default();
                    queue.apply(cumulative, NOW, &mut summary);
                    let is_partial = recovering && advance > 0;
                    for i in 0..2 {
                        let newly_acked = summary.paths[i].highest_newly_acked;
                        queue.report_missing(PathId(i as u8), newly_acked, is_partial);
                    }
                    model.sack(advance, &gaps, recovering);
                    prop_assert_eq!(summary.cumulative_advanced, advance > 0);
                    let acked: usize = summary.paths.iter().map(|p| p.acked).sum();
                    let newly = before.iter().enumerate().filter(|(i, c)| {
                        !c.was_acked
                            && (*i < advance || model.chunks[i - advance].state == ChunkState::Acked)
                    });
                    prop_assert_eq!(summary.progress, acked > 0);
                    prop_assert_eq!(acked > 0, newly.count() > 0);
                }
                Op::Timeout(path) => {
                    queue.lose_path(PathId(path));
                    model.timeout(path);
                }
                Op::Retransmit(n, path) => {
                    let mut from = queue.cumulative_tsn_ack().next();
                    for _ in 0..n {
                        let Some(tsn) = queue.next_lost(from) else { break };
                        let i = tsn.since(queue.cumulative_tsn_ack()) as usize - 1;
                        prop_assert_eq!(Some(i), model.lost().first().copied());
                        queue.retransmitted(tsn, PathId(path), NOW);
                        model.enter(i, path);
                        from = tsn.next();
                    }
                }
            }
            check(&queue);
            prop_assert_eq!(queue.len(), model.chunks.len());
            let first = queue.cumulative_tsn_ack().next();
            for (i, chunk) in model.chunks.iter().enumerate() {
                let real = queue.get(first.plus(i as u32)).unwrap();
                prop_assert_eq!(real.state, chunk.state, "chunk {}", i);
            }
            // Found in order, whatever was found before.
            let mut found = Vec::new();
            let mut from = first;
            while let Some(tsn) = queue.next_lost(from) {
                found.push(tsn.since(first) as usize);
                from = tsn.next();
            }
            prop_assert_eq!(found, model.lost());
        }
    }
}

/// What is in flight on a path, as the ring tells.
fn in_flight(queue: &Outstanding<Bytes>, path: u8) -> Vec<Tsn> {
    let first = queue.cumulative_tsn_ack().next();
    (0..queue.len() as u32)
        .map(|i| first.plus(i))
        .filter(|&tsn| {
            let chunk = queue.get(tsn).unwrap();
            chunk.state == ChunkState::InFlight && chunk.path == PathId(path)
        })
        .collect()
}

proptest! {
    #![proptest_config(cases(300))]

    /// RACK loses nothing but what was sent before something that has arrived, and if it wants to
    /// look again, something is lost by then.
    #[test]
    fn rack_keeps_its_promises(
        start in prop_oneof![Just(u32::MAX - 30), any::<u32>()],
        ops in proptest::collection::vec((op(), 0..40u32), 1..120),
        recovering in any::<bool>(),
    ) {
        let srtt = Duration::from_millis(50);
        let mut queue = Outstanding::new(Tsn(start));
        let mut now = Time::from_nanos(1);
        // When and as the how manieth each TSN was last sent, on which path.
        let mut sent: BTreeMap<u32, (u64, Time, u8)> = BTreeMap::new();
        let mut count = 0;
        // Of what has arrived on a path, that which was sent last.
        let mut newest = [0_u64; 2];
        for (op, later) in ops {
            now = now.plus(Duration::from_millis(later));
            match op {
                Op::Send(n, path) => {
                    for _ in 0..n {
                        count += 1;
                        sent.insert(queue.next_tsn().0, (count, now, path));
                        queue.reserve(MAX_PATHS, GFP_ATOMIC).unwrap();
                        let tsn = queue.next_tsn();
                        queue.sent(header(tsn), Bytes::new(&[0; 8]), PathId(path), now);
                    }
                }
                Op::Sack(share, mut gaps, _, _) => {
                    let advance = queue.len() * usize::from(share) / 256;
                    gaps.truncate(queue.len() - advance);
                    if let Some(first) = gaps.first_mut() {
                        *first = false;
                    }
                    let before: Vec<Tsn> = (0..2).flat_map(|p| in_flight(&queue, p)).collect();
                    let cumulative = queue.cumulative_tsn_ack().plus(advance as u32);
                    queue
                        .prepare(cumulative, blocks(&gaps, false).into_iter(), GFP_ATOMIC)
                        .unwrap();
                    // Taken back: as if sent now.
                    let acked: Vec<Tsn> = (0..queue.len() as u32)
                        .map(|i| queue.cumulative_tsn_ack().next().plus(i))
                        .filter(|&tsn| queue.is_acked(tsn))
                        .collect();
                    queue.apply(cumulative, now, &mut Summary::default());
                    for tsn in acked.into_iter().filter(|&tsn| !queue.is_acked(tsn)) {
                        count += 1;
                        let path = sent[&tsn.0].2;
                        sent.insert(tsn.0, (count, now, path));
                    }
                    for tsn in before.into_iter().filter(|&tsn| queue.is_acked(tsn)) {
                        let (order, _, path) = sent[&tsn.0];
                        let newest = &mut newest[usize::from(path)];
                        *newest = order.max(*newest);
                    }
                }
                Op::Timeout(path) => {
                    queue.lose_path(PathId(path));
                }
                Op::Retransmit(n, path) => {
                    for _ in 0..n {
                        let first = queue.cumulative_tsn_ack().next();
                        let Some(tsn) = queue.next_lost(first) else { break };
                        count += 1;
                        sent.insert(tsn.0, (count, now, path));
                        queue.retransmitted(tsn, PathId(path), now);
                    }
                }
            }
            for path in 0..2 {
                let before = in_flight(&queue, path);
                let since = recovering.then_some(Time::START);
                let found = queue.find_overdue(PathId(path), now, srtt, since);
                check(&queue);
                let after = in_flight(&queue, path);
                prop_assert_eq!(found.lost > 0, before.len() > after.len());
                for tsn in before.iter().filter(|tsn| !after.contains(tsn)) {
                    prop_assert!(sent[&tsn.0].0 < newest[usize::from(path)], "{:?}", tsn);
                }
                if let Some(at) = found.look_again {
                    prop_assert!(at > now);
                    let then = queue.find_overdue(PathId(path), at, srtt, since);
                    prop_assert!(then.lost > 0, "nothing at the time it asked for");
                    check(&queue);
                }
            }
        }
    }
}

#[test]
fn sacks_that_cannot_be() {
    let mut queue = Outstanding::new(Tsn(100));
    for _ in 0..10 {
        send(&mut queue, 10, PathId(0));
    }
    let gap = |start, end| GapBlock { start, end };
    let mut try_one = |cumulative, gaps: &[GapBlock]| {
        let result = queue.prepare(Tsn(cumulative), gaps.iter().copied(), GFP_ATOMIC);
        check(&queue);
        result
    };
    assert_eq!(try_one(98, &[]), Err(BadSack::Old));
    assert_eq!(try_one(99, &[]), Ok(()));
    assert_eq!(try_one(109, &[]), Ok(()));
    assert_eq!(try_one(110, &[]), Err(BadSack::NeverSent));
    assert_eq!(try_one(99, &[gap(2, 10)]), Ok(()));
    assert_eq!(try_one(99, &[gap(2, 11)]), Err(BadSack::NeverSent));
    assert_eq!(try_one(105, &[gap(3, 5)]), Err(BadSack::NeverSent));
    // No blocks at all: they say nothing.
    assert_eq!(try_one(99, &[gap(5, 3), gap(0, 2)]), Ok(()));
}

#[test]
fn third_report_makes_a_chunk_lost_once() {
    let mut queue = Outstanding::new(Tsn(1));
    for _ in 0..20 {
        send(&mut queue, 100, PathId(0));
    }
    let mut report = |end: u16| {
        let gaps = [GapBlock { start: 2, end }];
        queue.prepare(Tsn(0), gaps.into_iter(), GFP_ATOMIC).unwrap();
        let lost = judge(&mut queue, Tsn(0)) > 0;
        check(&queue);
        (lost, queue.lost_count())
    };
    assert_eq!(report(2), (false, 0));
    assert_eq!(report(3), (false, 0));
    // A SACK that brings nothing new does not count.
    assert_eq!(report(3), (false, 0));
    assert_eq!(report(4), (true, 1));
    queue.retransmitted(Tsn(1), PathId(0), NOW);
    let mut report = |end: u16| {
        let gaps = [GapBlock { start: 2, end }];
        queue.prepare(Tsn(0), gaps.into_iter(), GFP_ATOMIC).unwrap();
        judge(&mut queue, Tsn(0)) > 0
    };
    for end in 5..12 {
        assert!(!report(end), "no second fast retransmission");
    }
}

/// SFR-CACC: after the primary path was changed, what is sent on the new one overtakes what was sent
/// on the old one, and says nothing about it.
#[test]
fn a_path_is_not_judged_by_another() {
    let mut queue = Outstanding::new(Tsn(1));
    for i in 0..20 {
        send(&mut queue, 100, PathId(u8::from(i >= 10)));
    }
    for end in 11..=20 {
        let gaps = [GapBlock { start: 11, end }];
        queue.prepare(Tsn(0), gaps.into_iter(), GFP_ATOMIC).unwrap();
        let mut summary = Summary::default();
        queue.apply(Tsn(0), NOW, &mut summary);
        for (i, path) in (0..).zip(&summary.paths[..2]) {
            let newly_acked = path.highest_newly_acked;
            assert_eq!(queue.report_missing(PathId(i), newly_acked, false), 0);
        }
        check(&queue);
    }
}

/// What a SACK costs does not depend on how much is outstanding (complexity, not time: the number
/// of chunks is what the ring's accessors would be called for).
#[test]
fn cost_of_a_sack_is_flat() {
    use std::time::Instant;
    let measure = |n: usize| {
        let mut queue = Outstanding::new(Tsn(1));
        for _ in 0..n {
            send(&mut queue, 100, PathId(0));
        }
        // A hole at the beginning, the rest comes in one by one.
        let rounds = 2000;
        let start = Instant::now();
        for i in 0..rounds {
            let gaps = [GapBlock {
                start: 2,
                end: 3 + i,
            }];
            queue.prepare(Tsn(0), gaps.into_iter(), GFP_ATOMIC).unwrap();
            judge(&mut queue, Tsn(0));
        }
        start.elapsed().as_secs_f64()
    };
    measure(4000);
    let best = |n| (0..5).map(|_| measure(n)).fold(f64::MAX, f64::min);
    let (small, large) = (best(4_000), best(60_000));
    // A walk over everything would make it fifteen times as much.
    assert!(large < small * 5.0, "{small} s, then {large} s");
}
