// SPDX-License-Identifier: GPL-2.0

//! The receiver against a model that knows the whole message list: whatever the order of arrival,
//! each message comes out once, ordered ones in order, and the window is kept.

use proptest::prelude::*;

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use crate::engine::{
    cx::{Payload, Rng},
    event::Received,
    rx::{Outcome, Receiver},
    serial::{Ssn, Tsn},
    wire::data::DataHeader,
};
use crate::tests::{
    sim::{address, Z},
    support::{cases, payload::Bytes, world::SplitMix},
};

/// A message of so many fragments.
#[derive(Clone, Debug)]
pub(super) struct Spec {
    pub(super) stream: u16,
    pub(super) unordered: bool,
    fragments: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) header: DataHeader,
    pub(super) payload: Bytes,
}

pub(super) fn chunk(tsn: Tsn, stream: u16, ssn: u16, flags: &str, len: usize) -> Chunk {
    Chunk {
        header: DataHeader {
            tsn,
            stream,
            ssn: Ssn(ssn),
            ppid: [0; 4],
            unordered: flags.contains('U'),
            begin: flags.contains('B'),
            end: flags.contains('E'),
            immediate: false,
        },
        payload: Bytes::new(&vec![tsn.0 as u8; len]),
    }
}

/// The chunks of messages, message by message.
pub(super) fn chunks(initial: Tsn, specs: &[Spec]) -> Vec<Vec<Chunk>> {
    let mut tsn = initial;
    let mut ssns = [u16::MAX - 3; 8];
    specs
        .iter()
        .enumerate()
        .map(|(number, spec)| {
            let ssn = ssns[usize::from(spec.stream)];
            if !spec.unordered {
                ssns[usize::from(spec.stream)] = ssn.wrapping_add(1);
            }
            (0..spec.fragments)
                .map(|i| {
                    let mut c = chunk(tsn, spec.stream, ssn, "", 3);
                    c.header.unordered = spec.unordered;
                    c.header.begin = i == 0;
                    c.header.end = i + 1 == spec.fragments;
                    c.payload = Bytes::new(&[(number >> 8) as u8, number as u8, i as u8]);
                    tsn = tsn.next();
                    c
                })
                .collect()
        })
        .collect()
}

pub(super) fn receiver(initial: Tsn, rcvbuf: u32) -> Receiver<Bytes> {
    Receiver::new(initial, 8, rcvbuf)
}

pub(super) fn give(rx: &mut Receiver<Bytes>, chunk: &Chunk) -> Outcome {
    let outcome = rx.data(
        GFP_ATOMIC,
        &chunk.header,
        chunk.payload.clone(),
        address(Z, 0),
    );
    rx.check_invariants();
    outcome
}

/// Takes one message, or a part of one. As an association does, it does not ask when nothing is held.
fn next(rx: &mut Receiver<Bytes>) -> Option<Received<Bytes>> {
    rx.may_have_event().then(|| rx.take()).flatten()
}

/// Takes what is there: stream, U and bytes of each whole message.
pub(super) fn take(rx: &mut Receiver<Bytes>, out: &mut Vec<(u16, bool, Vec<u8>)>) {
    while let Some(m) = next(rx) {
        assert!(m.begin && m.end);
        let mut bytes = m.first.as_slice().to_vec();
        for part in m.rest.iter() {
            bytes.extend(part.as_slice());
        }
        rx.consumed(bytes.len(), bytes.len());
        out.push((m.stream, m.unordered, bytes));
        rx.check_invariants();
    }
}

pub(super) fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let spec = (0..4u16, prop::bool::weighted(0.3), 1..6usize);
    proptest::collection::vec(
        spec.prop_map(|(stream, unordered, fragments)| Spec {
            stream,
            unordered,
            fragments,
        }),
        1..40,
    )
}

/// First SSN of the model's streams is not 0: brings the receiver there.
fn skip_ssns(rx: &mut Receiver<Bytes>, initial: Tsn) -> Tsn {
    let mut tsn = initial;
    let mut out = Vec::new();
    for stream in 0..4u16 {
        for ssn in 0..u16::MAX - 3 {
            let c = chunk(tsn, stream, ssn, "BE", 1);
            rx.data(GFP_ATOMIC, &c.header, c.payload.clone(), address(Z, 0));
            while let Some(m) = rx.take() {
                rx.consumed(1, 1);
                out.push(m.ssn);
            }
            tsn = tsn.next();
        }
    }
    assert_eq!(out.len(), 4 * usize::from(u16::MAX - 3));
    tsn
}

proptest! {
    #![proptest_config(cases(12))]

    /// SSNs and TSNs wrap, chunks come in any order and more than once.
    #[test]
    fn puts_everything_together(
        specs in specs(),
        seed in any::<u64>(),
    ) {
        let initial = Tsn(0u32.wrapping_sub(4 * u32::from(u16::MAX - 3)).wrapping_sub(30));
        let mut rx = receiver(initial, 1 << 20);
        let first = skip_ssns(&mut rx, initial);
        let messages = chunks(first, &specs);
        let mut order: Vec<Chunk> = messages.iter().flatten().cloned().collect();
        let repeated: Vec<Chunk> = order.iter().step_by(3).cloned().collect();
        order.extend(repeated);
        let mut rng = SplitMix(seed);
        for i in (1..order.len()).rev() {
            order.swap(i, (rng.next_u64() % (i as u64 + 1)) as usize);
        }
        let mut got = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for c in &order {
            let expected = if seen.insert(c.header.tsn) {
                Outcome::Accepted
            } else {
                Outcome::Duplicate
            };
            prop_assert_eq!(give(&mut rx, c), expected);
            if rng.next_u32() % 4 == 0 {
                take(&mut rx, &mut got);
            }
        }
        take(&mut rx, &mut got);
        prop_assert_eq!(rx.pending_chunks(), 0);
        prop_assert!(rx.is_drained());
        prop_assert_eq!(got.len(), specs.len());
        for stream in 0..4 {
            let of = |unordered| {
                got.iter()
                    .filter(move |(s, u, _)| (*s, *u) == (stream, unordered))
                    .map(|(_, _, bytes)| bytes.clone())
                    .collect::<Vec<_>>()
            };
            let sent = |unordered| {
                specs
                    .iter()
                    .zip(&messages)
                    .filter(move |(s, _)| (s.stream, s.unordered) == (stream, unordered))
                    .map(|(_, m)| m.iter().flat_map(|c| c.payload.as_slice().to_vec()).collect())
                    .collect::<Vec<Vec<u8>>>()
            };
            prop_assert_eq!(of(false), sent(false), "order of stream {}", stream);
            let (mut a, mut b) = (of(true), sent(true));
            a.sort();
            b.sort();
            prop_assert_eq!(a, b);
        }
    }
}

/// Messages that became ready one after the other, with their successors waiting, in one packet.
#[test]
fn nothing_overtakes() {
    for order in [
        [2, 3, 0, 1],
        [3, 0, 1, 2],
        [1, 3, 0, 2],
        [2, 0, 1, 3],
        [3, 2, 0, 1],
    ] {
        let mut rx = receiver(Tsn(1), 1 << 20);
        for n in order {
            let c = chunk(Tsn(1 + n), 5, n as u16, "BE", 10);
            assert_eq!(give(&mut rx, &c), Outcome::Accepted);
        }
        let mut got = Vec::new();
        while let Some(m) = rx.take() {
            got.push(m.ssn.0);
            rx.check_invariants();
        }
        assert_eq!(got, [0, 1, 2, 3], "{order:?}");
    }
}

/// After all that waited was taken, a gap comes and is filled in one go.
#[test]
fn nothing_overtakes_after_a_gap() {
    let mut rx = receiver(Tsn(1), 1 << 20);
    let mut got = Vec::new();
    for packets in [[1, 0], [4, 5], [2, 3]] {
        for n in packets {
            let c = chunk(Tsn(1 + n), 5, n as u16, "BE", 1);
            assert_eq!(give(&mut rx, &c), Outcome::Accepted);
        }
        if packets != [4, 5] {
            take(&mut rx, &mut got);
        }
    }
    let tsns: Vec<u8> = got.iter().map(|(_, _, bytes)| bytes[0]).collect();
    assert_eq!(tsns, [1, 2, 3, 4, 5, 6]);
}

/// Every allocation may fail: the chunk is then as if lost, and works when it comes again.
#[test]
fn failed_allocations_lose_one_chunk() {
    let specs: Vec<Spec> = (0..60)
        .map(|i| Spec {
            stream: i % 3,
            unordered: i % 5 == 0,
            fragments: 1 + usize::from(i) % 4,
        })
        .collect();
    let mut failures = 0;
    for n in 1.. {
        let initial = Tsn(u32::MAX - 40);
        let mut rx = receiver(initial, 1 << 20);
        let mut order: Vec<Chunk> = chunks(initial, &specs).into_iter().flatten().collect();
        for c in &mut order {
            c.header.ssn = Ssn(c.header.ssn.0.wrapping_sub(u16::MAX - 3));
        }
        // Backwards in groups: gaps, runs and waiting messages all come up.
        let mut shuffled = Vec::new();
        for group in order.chunks(40) {
            shuffled.extend(group.iter().rev().cloned());
        }
        let plan = fault::fail_nth(n);
        let mut got = Vec::new();
        let mut again = Vec::new();
        for c in shuffled {
            match give(&mut rx, &c) {
                Outcome::Accepted => {}
                Outcome::Dropped => again.push(c),
                other => panic!("{other:?}"),
            }
            take(&mut rx, &mut got);
        }
        let failed = plan.has_failed();
        drop(plan);
        assert_eq!(again.len(), usize::from(failed), "allocation {n}");
        for c in again {
            assert_eq!(give(&mut rx, &c), Outcome::Accepted);
            take(&mut rx, &mut got);
        }
        assert_eq!(got.len(), specs.len());
        if !failed {
            break;
        }
        failures += 1;
    }
    assert!(failures > 10, "only {failures} allocations");
}

#[test]
fn the_window_shrinks_and_opens() {
    let mut rx = receiver(Tsn(1), 20_000);
    assert_eq!(rx.buffer.window(), 10_000);
    for i in 0..4 {
        assert_eq!(
            give(&mut rx, &chunk(Tsn(1 + i), 0, i as u16, "BE", 2000)),
            Outcome::Accepted
        );
    }
    assert_eq!(rx.buffer.window(), 2000);
    // More than the window says is taken while it is not closed, then nothing.
    assert_eq!(
        give(&mut rx, &chunk(Tsn(5), 0, 4, "BE", 3000)),
        Outcome::Accepted
    );
    assert_eq!(rx.buffer.window(), 0);
    assert_eq!(
        give(&mut rx, &chunk(Tsn(6), 0, 5, "BE", 1)),
        Outcome::Dropped
    );
    let m = rx.take().unwrap();
    assert_eq!(rx.buffer.window(), 0, "delivered is not consumed");
    rx.consumed(m.first.len(), m.first.truesize());
    assert_eq!(rx.buffer.window(), 1000);
    assert_eq!(
        give(&mut rx, &chunk(Tsn(6), 0, 5, "BE", 1)),
        Outcome::Accepted
    );
}

/// What fills a gap is let in when the buffer is full of what waits for it.
#[test]
fn a_full_buffer_takes_what_it_waits_for() {
    let mut rx = receiver(Tsn(1), 20_000);
    for i in 2..6 {
        assert_eq!(
            give(&mut rx, &chunk(Tsn(i), 0, i as u16 - 1, "BE", 2500)),
            Outcome::Accepted
        );
    }
    assert_eq!(rx.buffer.window(), 0);
    assert_eq!(
        give(&mut rx, &chunk(Tsn(7), 0, 6, "BE", 1)),
        Outcome::Dropped
    );
    assert_eq!(
        give(&mut rx, &chunk(Tsn(1), 0, 0, "BE", 2500)),
        Outcome::Accepted
    );
    let mut got = Vec::new();
    take(&mut rx, &mut got);
    assert_eq!(got.len(), 5);
    assert_eq!(rx.buffer.window(), 10_000);
}

/// Also into the second of two gaps, while the first one is open.
#[test]
fn a_full_buffer_takes_what_belongs_into_gaps() {
    let mut rx = receiver(Tsn(1), 20_000);
    for i in [2, 3, 5, 6] {
        let c = chunk(Tsn(i), 0, i as u16 - 1, "BE", 2500);
        assert_eq!(give(&mut rx, &c), Outcome::Accepted);
    }
    assert_eq!(rx.buffer.window(), 0);
    for (tsn, outcome) in [
        (7, Outcome::Dropped),
        (4, Outcome::Accepted),
        (1, Outcome::Accepted),
    ] {
        let c = chunk(Tsn(tsn), 0, tsn as u16 - 1, "BE", 2500);
        assert_eq!(give(&mut rx, &c), outcome, "{tsn}");
    }
    let mut got = Vec::new();
    take(&mut rx, &mut got);
    assert_eq!(got.len(), 6);
}

/// A peer that ignores the window cannot fill memory, gaps or not.
#[test]
fn memory_is_bounded() {
    for gap in [0, 1] {
        let mut rx = receiver(Tsn(1), 20_000);
        let mut bytes = 0;
        for i in 0..1000 {
            let c = chunk(Tsn(1 + gap + i), 0, (gap + i) as u16, "BE", 1000);
            if give(&mut rx, &c) == Outcome::Accepted {
                bytes += 1000;
            }
        }
        assert!(bytes <= 20_000, "{bytes} bytes");
    }
    // A gap far ahead is no excuse.
    let mut rx = receiver(Tsn(1), 20_000);
    assert_eq!(
        give(&mut rx, &chunk(Tsn(60_000), 0, 0, "UBE", 1)),
        Outcome::Accepted
    );
    let mut bytes = 0;
    for i in 0..1000 {
        if give(&mut rx, &chunk(Tsn(1 + i), 0, i as u16, "BE", 1000)) == Outcome::Accepted {
            bytes += 1000;
        }
    }
    assert!(bytes <= 40_000, "{bytes} bytes");
}

/// A message that is too large for the buffer comes in parts, and nothing comes in between.
#[test]
fn partial_delivery() {
    let mut rx = receiver(Tsn(1), 20_000);
    let mut tsn = 1;
    let mut parts = Vec::new();
    let mut total = 0;
    while tsn <= 100 {
        let flags = match tsn {
            1 => "B",
            100 => "E",
            _ => "",
        };
        // Another message tries to get in between.
        if tsn == 50 {
            for (t, s) in [(101, "UBE"), (102, "BE")] {
                assert_eq!(
                    give(&mut rx, &chunk(Tsn(t), 1, 0, s, 10)),
                    Outcome::Accepted
                );
            }
        }
        assert_eq!(
            give(&mut rx, &chunk(Tsn(tsn), 0, 0, flags, 1000)),
            Outcome::Accepted,
            "{tsn}"
        );
        tsn += 1;
        rx.relieve();
        while let Some(m) = rx.take() {
            rx.check_invariants();
            let len = m.first.len() + m.rest.iter().map(|b| b.len()).sum::<usize>();
            if m.stream == 0 {
                assert_eq!(m.begin, parts.is_empty());
                total += len;
            }
            parts.push((m.stream, m.end));
            rx.consumed(len, len);
        }
    }
    assert_eq!(total, 100_000);
    let (large, others) = parts.split_at(parts.len() - 2);
    assert!(large.len() > 1);
    assert!(large.iter().all(|(stream, _)| *stream == 0));
    assert_eq!(large.iter().filter(|(_, end)| *end).count(), 1);
    assert!(large.last().unwrap().1);
    assert_eq!(others, [(1, true), (1, true)]);
    assert!(rx.is_drained());
}

/// What comes of fragments of 1000 bytes, given one after another: lengths of the parts, and
/// whether one is the last.
fn parts(rx: &mut Receiver<Bytes>, fragments: &[(u32, u16, &str)]) -> Vec<(usize, bool)> {
    let mut parts = Vec::new();
    for (tsn, ssn, flags) in fragments {
        let c = chunk(Tsn(*tsn), 1, *ssn, flags, 1000);
        assert_eq!(give(rx, &c), Outcome::Accepted);
        rx.relieve();
        while let Some(m) = rx.take() {
            parts.push((m.len(), m.end));
        }
        rx.check_invariants();
    }
    parts
}

/// The user may ask for messages in parts from some length on. It need not read meanwhile.
#[test]
fn parts_begin_at_the_point_that_the_user_sets() {
    let fragments = [(1, 0, "B"), (2, 0, ""), (3, 0, ""), (4, 0, ""), (5, 0, "E")];
    for (point, expected) in [
        (0, vec![(5000, true)]),
        (
            1,
            vec![
                (1000, false),
                (1000, false),
                (1000, false),
                (1000, false),
                (1000, true),
            ],
        ),
        (2001, vec![(3000, false), (1000, false), (1000, true)]),
        (4000, vec![(4000, false), (1000, true)]),
        (4001, vec![(5000, true)]),
    ] {
        let mut rx = Receiver::new(Tsn(1), 8, 100_000);
        rx.set_partial_delivery_point(point);
        assert_eq!(parts(&mut rx, &fragments), expected, "{point}");
    }
}

/// Nothing is delivered in parts that has a gap, or has to wait for another message.
#[test]
fn parts_begin_when_it_is_their_turn() {
    let mut rx = Receiver::new(Tsn(1), 8, 100_000);
    rx.set_partial_delivery_point(2000);
    let gap = [(1, 0, "B"), (3, 0, ""), (4, 0, "")];
    assert!(parts(&mut rx, &gap).is_empty());
    assert_eq!(parts(&mut rx, &[(2, 0, "")]), [(4000, false)]);
    let end = [(5, 0, "E"), (6, 2, "B"), (7, 2, ""), (8, 2, "")];
    assert_eq!(parts(&mut rx, &end), [(1000, true)]);
    let rest = [(10, 1, "BE"), (9, 2, "E")];
    assert_eq!(parts(&mut rx, &rest), [(1000, true), (4000, true)]);
}

/// Payload that keeps much more memory than it has bytes.
#[derive(Debug)]
struct Heavy(Bytes);

impl Payload for Heavy {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn truesize(&self) -> usize {
        7000
    }

    fn slice(&self, range: std::ops::Range<usize>) -> Option<Self> {
        self.0.slice(range).map(Heavy)
    }
}

/// One short message does not close the window, many do before memory has run out.
#[test]
fn the_window_knows_what_memory_costs() {
    let mut rx: Receiver<Heavy> = Receiver::new(Tsn(1), 8, 2_000_000);
    let mut give = |tsn: u32| {
        let c = chunk(Tsn(tsn), 0, tsn as u16 - 1, "BE", 100);
        let outcome = rx.data(GFP_ATOMIC, &c.header, Heavy(c.payload), address(Z, 0));
        assert_eq!(outcome, Outcome::Accepted, "{tsn}");
        rx.buffer.window()
    };
    let after_one = give(1);
    assert!(after_one > 900_000, "{after_one}");
    // 285 of them take all of the memory; a fifth of it is left.
    let mut window = 0;
    for tsn in 2..=228 {
        window = give(tsn);
    }
    assert!((5_000..40_000).contains(&window), "{window}");
}

/// Memory may run out long before the window does: a message that then cannot be completed is
/// delivered in parts.
#[test]
fn partial_delivery_for_lack_of_memory() {
    let mut rx: Receiver<Heavy> = Receiver::new(Tsn(1), 8, 20_000);
    let mut parts = Vec::new();
    for tsn in 1..=10 {
        let flags = match tsn {
            1 => "B",
            10 => "E",
            _ => "",
        };
        for attempt in 0.. {
            let c = chunk(Tsn(tsn), 0, 0, flags, 10);
            let outcome = rx.data(GFP_ATOMIC, &c.header, Heavy(c.payload), address(Z, 0));
            rx.check_invariants();
            rx.relieve();
            while let Some(m) = rx.take() {
                let n = 1 + m.rest.len();
                rx.consumed(10 * n, 7000 * n);
                parts.push((m.begin, m.end));
            }
            if outcome == Outcome::Accepted {
                break;
            }
            assert_eq!(outcome, Outcome::Dropped);
            assert!(attempt < 3, "stuck at TSN {tsn}");
        }
    }
    assert!(parts.len() > 1 && parts.last() == Some(&(false, true)));
    assert!(rx.is_drained());
}

/// The rest of a message comes before its first part was taken.
#[test]
fn what_is_whole_is_not_delivered_in_parts() {
    let mut rx = receiver(Tsn(1), 1 << 20);
    rx.set_partial_delivery_point(10);
    let mut got = Vec::new();
    for (tsn, ssn, flags) in [(1, 0, "B"), (2, 0, "E"), (3, 1, "BE")] {
        assert_eq!(
            give(&mut rx, &chunk(Tsn(tsn), 0, ssn, flags, 10)),
            Outcome::Accepted
        );
        rx.relieve();
        if tsn != 1 {
            take(&mut rx, &mut got);
        }
    }
    let sizes: Vec<_> = got.iter().map(|(_, _, bytes)| bytes.len()).collect();
    assert_eq!(sizes, [20, 10]);
}

/// One chunk may be larger than the whole buffer.
#[test]
fn an_empty_buffer_takes_anything() {
    let mut rx = receiver(Tsn(1), 4096);
    assert_eq!(
        give(&mut rx, &chunk(Tsn(1), 0, 0, "BE", 60_000)),
        Outcome::Accepted
    );
    let mut got = Vec::new();
    take(&mut rx, &mut got);
    assert_eq!(got[0].2.len(), 60_000);
}

/// TSN, stream, SSN, flags.
type Arriving = (u32, u16, u16, &'static str);

#[test]
fn fragments_that_cannot_be() {
    // What came, then what is wrong with the last one.
    let table: &[(&str, &[Arriving])] = &[
        ("begin in a message", &[(1, 0, 0, "B"), (2, 0, 0, "B")]),
        ("whole in a message", &[(1, 0, 0, "B"), (2, 0, 1, "BE")]),
        ("other stream", &[(1, 0, 0, "B"), (2, 1, 0, "E")]),
        ("other SSN", &[(1, 0, 0, "B"), (2, 0, 1, "E")]),
        ("other U", &[(1, 0, 0, "B"), (2, 0, 0, "UE")]),
        ("no begin", &[(1, 0, 0, "E")]),
        ("middle first", &[(1, 0, 0, "")]),
        ("no end", &[(2, 0, 0, "BE"), (1, 0, 0, "B")]),
        ("end after end", &[(3, 0, 1, "E"), (2, 0, 1, "E")]),
        ("begin before begin", &[(4, 0, 1, "B"), (3, 0, 1, "B")]),
        ("disagree behind", &[(3, 1, 0, "E"), (2, 0, 0, "")]),
        ("SSN twice", &[(3, 0, 5, "BE"), (2, 0, 5, "BE")]),
        ("old whole before", &[(1, 0, 0, "BE"), (2, 0, 1, "E")]),
    ];
    for (what, list) in table {
        let mut rx = receiver(Tsn(1), 1 << 20);
        let (last, first) = list.split_last().unwrap();
        for &(tsn, stream, ssn, flags) in first {
            let outcome = give(&mut rx, &chunk(Tsn(tsn), stream, ssn, flags, 10));
            assert_eq!(outcome, Outcome::Accepted, "{what}");
            take(&mut rx, &mut Vec::new());
        }
        let &(tsn, stream, ssn, flags) = last;
        let outcome = give(&mut rx, &chunk(Tsn(tsn), stream, ssn, flags, 10));
        assert_eq!(outcome, Outcome::Violation, "{what}");
    }
}

/// The message that is next in its stream waits for the user to take the one before it.
#[test]
fn an_ssn_that_is_due_comes_once() {
    let mut rx = receiver(Tsn(1), 1 << 20);
    for (tsn, ssn) in [(2, 1), (1, 0)] {
        let outcome = give(&mut rx, &chunk(Tsn(tsn), 0, ssn, "BE", 10));
        assert_eq!(outcome, Outcome::Accepted);
    }
    let again = chunk(Tsn(3), 0, 1, "BE", 10);
    assert_eq!(give(&mut rx, &again), Outcome::Violation);
}

/// A message is delivered in parts, and the peer sends others with its SSN and the ones after it.
#[test]
fn an_ssn_that_is_delivered_in_parts_may_come_again() {
    let mut rx = receiver(Tsn(1), 20_000);
    rx.set_partial_delivery_point(10);
    let mut got = Vec::new();
    let steps: &[&[Arriving]] = &[
        &[(1, 0, 0, "B")],
        &[
            (4, 0, 0, "BE"),
            (5, 0, 1, "BE"),
            (7, 0, 3, "BE"),
            (2, 0, 0, ""),
        ],
        &[(3, 0, 0, "E")],
        &[(6, 0, 2, "BE")],
    ];
    for step in steps {
        for &(tsn, stream, ssn, flags) in *step {
            let outcome = give(&mut rx, &chunk(Tsn(tsn), stream, ssn, flags, 10));
            assert_eq!(outcome, Outcome::Accepted, "{tsn}");
        }
        rx.relieve();
        while let Some(m) = next(&mut rx) {
            rx.check_invariants();
            got.push((m.ssn.0, m.begin, m.end));
        }
    }
    let parts = [(0, true, false), (0, false, false), (0, false, true)];
    let others = [0, 1, 2, 3].map(|ssn| (ssn, true, true));
    assert_eq!(got, [&parts[..], &others[..]].concat());
}

#[test]
fn unknown_streams_are_acknowledged_and_dropped() {
    let mut rx = receiver(Tsn(1), 1 << 20);
    assert_eq!(
        give(&mut rx, &chunk(Tsn(1), 8, 0, "BE", 10)),
        Outcome::InvalidStream
    );
    assert_eq!(rx.map().cumulative(), Tsn(1));
    assert!(rx.is_drained());
}
