// SPDX-License-Identifier: GPL-2.0

//! A receiver whose peer gives messages up: RFC 3758, 3.6. By hand, and against a model of the
//! sender that knows which messages are given up.

use proptest::prelude::*;

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use super::receiver::{chunk, chunks, give, receiver, specs, take, Chunk, Spec};
use crate::engine::{
    cx::{Payload, Rng},
    env::AllocError,
    event::Abandoned,
    rx::{forward::Forwarded, Outcome, Receiver},
    serial::{Ssn, Tsn},
    wire::{forward_tsn::ForwardTsn, packet::Packet},
};
use crate::tests::{
    sim::{address, A, Z},
    support::{cases, payload::Bytes, world::SplitMix},
    wire::samples,
};

fn forwarding(initial: u32) -> Receiver<Bytes> {
    let mut rx = receiver(Tsn(initial), 1 << 20);
    rx.set_may_forward(true);
    rx
}

/// Hands a FORWARD TSN in, by way of its bytes.
fn forward(
    rx: &mut Receiver<Bytes>,
    tsn: u32,
    skipped: &[(u16, u16)],
) -> Result<Forwarded, AllocError> {
    let length = 8 + 4 * skipped.len() as u16;
    let mut bytes = samples::packet(&[&format!("c000 {length:04x} {tsn:08x}")]);
    for (stream, ssn) in skipped {
        bytes.extend(stream.to_be_bytes());
        bytes.extend(ssn.to_be_bytes());
    }
    let buf = Bytes::new(&bytes);
    let pkt = Packet::new(&bytes, &buf, address(A, 0), address(Z, 0)).unwrap();
    let first = pkt.chunks().next().unwrap().unwrap();
    let result = rx.forward(GFP_ATOMIC, &ForwardTsn::parse(&first).unwrap());
    rx.check_invariants();
    result
}

/// SSNs in the order of delivery, stream by stream, of what is there.
fn ssns(rx: &mut Receiver<Bytes>) -> Vec<(u16, u16)> {
    let mut got = Vec::new();
    while let Some(m) = rx.take() {
        assert!(m.begin && m.end);
        let len = m.first.len() + m.rest.iter().map(|b| b.len()).sum::<usize>();
        rx.consumed(len, len);
        rx.check_invariants();
        got.push((m.stream, m.ssn.0));
    }
    got.sort_by_key(|(stream, _)| *stream);
    got
}

fn accept(rx: &mut Receiver<Bytes>, tsn: u32, stream: u16, ssn: u16, flags: &str) {
    let c = chunk(Tsn(tsn), stream, ssn, flags, 10);
    assert_eq!(give(rx, &c), Outcome::Accepted, "TSN {tsn}");
}

#[test]
fn what_waited_for_a_skipped_message_is_delivered_in_order() {
    let mut rx = forwarding(1);
    // SSN 0 of stream 1 is missing, 0 to 2 of stream 2, and 3 of stream 2.
    for (tsn, stream, ssn) in [(8, 2, 4), (3, 1, 2), (2, 1, 1), (6, 2, 3), (9, 1, 4)] {
        accept(&mut rx, tsn, stream, ssn, "BE");
    }
    assert_eq!(ssns(&mut rx), []);
    let result = forward(&mut rx, 5, &[(1, 0), (2, 2)]);
    assert_eq!(result, Ok(Forwarded::Advanced));
    assert_eq!(rx.map().cumulative(), Tsn(6), "what touches it counts");
    assert_eq!(ssns(&mut rx), [(1, 1), (1, 2), (2, 3), (2, 4)]);
    accept(&mut rx, 7, 1, 3, "BE");
    assert_eq!(ssns(&mut rx), [(1, 3), (1, 4)]);
    assert!(rx.is_drained());
}

/// The pair names the last message that is skipped; before it there may be some that arrived.
#[test]
fn messages_between_skipped_ones_are_delivered() {
    let mut rx = forwarding(u32::MAX - 2);
    let first = u32::MAX - 2;
    for ssn in [1, 3, 6, 7, 9] {
        accept(&mut rx, first.wrapping_add(u32::from(ssn)), 0, ssn, "BE");
    }
    let result = forward(&mut rx, first.wrapping_add(5), &[(0, 5)]);
    assert_eq!(result, Ok(Forwarded::Advanced));
    assert_eq!(ssns(&mut rx), [(0, 1), (0, 3), (0, 6), (0, 7)]);
    assert_eq!(rx.map().cumulative(), Tsn(first).plus(7));
}

#[test]
fn ssns_wrap_across_a_forward_tsn() {
    let mut rx = forwarding(1);
    let mut tsn = 1;
    // Nothing has to arrive to get there.
    for ssn in [0x7000, 0xe000, 0xfffd] {
        let result = forward(&mut rx, tsn, &[(3, ssn)]);
        assert_eq!(result, Ok(Forwarded::Advanced));
        tsn += 1;
    }
    for (offset, ssn) in [(3, 1), (2, 0), (1, 0xffff), (5, 3)] {
        accept(&mut rx, tsn + offset, 3, ssn, "BE");
    }
    assert_eq!(ssns(&mut rx), []);
    forward(&mut rx, tsn, &[(3, 0xfffe)]).unwrap();
    assert_eq!(ssns(&mut rx), [(3, 0xffff), (3, 0), (3, 1)]);
    forward(&mut rx, tsn + 4, &[(3, 2)]).unwrap();
    assert_eq!(ssns(&mut rx), [(3, 3)]);
    assert_eq!(rx.map().cumulative(), Tsn(tsn + 5));
}

#[test]
fn fragments_of_skipped_messages_make_room() {
    let mut rx = forwarding(1);
    let window = rx.buffer.window();
    accept(&mut rx, 2, 0, 0, "B");
    accept(&mut rx, 3, 0, 0, "");
    accept(&mut rx, 5, 0, 1, "");
    accept(&mut rx, 7, 0, 2, "U");
    assert_eq!(rx.pending_chunks(), 4);
    forward(&mut rx, 4, &[(0, 0)]).unwrap();
    // TSN 5 has no beginning before it any more: its end may have been given up, too.
    assert_eq!(rx.pending_chunks(), 1);
    forward(&mut rx, 8, &[(0, 1)]).unwrap();
    assert_eq!(rx.pending_chunks(), 0);
    assert!(rx.is_drained());
    assert_eq!(rx.buffer.window(), window);
    accept(&mut rx, 9, 0, 2, "BE");
    assert_eq!(ssns(&mut rx), [(0, 2)]);
}

#[test]
fn a_fragment_that_arrives_behind_a_forward_tsn_does_not_stay() {
    let mut rx = forwarding(1);
    forward(&mut rx, 2, &[(0, 0)]).unwrap();
    // The rest of the message of TSN 1 and 2, which was on its way.
    for (tsn, flags) in [(4, "E"), (3, "")] {
        accept(&mut rx, tsn, 0, 0, flags);
    }
    assert!(rx.is_drained());
    accept(&mut rx, 5, 0, 1, "BE");
    assert_eq!(ssns(&mut rx), [(0, 1)]);
}

/// RFC 3758 lets a sender stop in the middle of a message, and the Linux C module gives the TSN
/// behind it to the next one.
#[test]
fn the_next_message_may_follow_an_unfinished_one() {
    for order in [[1, 2, 3, 4], [4, 3, 2, 1], [2, 1, 4, 3], [3, 1, 2, 4]] {
        let mut rx = forwarding(1);
        for tsn in order {
            match tsn {
                1 => accept(&mut rx, 1, 0, 0, "B"),
                2 => accept(&mut rx, 2, 0, 0, ""),
                3 => accept(&mut rx, 3, 0, 1, "B"),
                _ => accept(&mut rx, 4, 0, 1, "E"),
            }
        }
        assert_eq!(ssns(&mut rx), [(0, 1)], "{order:?}");
        assert_eq!(forward(&mut rx, 2, &[(0, 0)]), Ok(Forwarded::Old));
        assert!(rx.is_drained());
    }
}

#[test]
fn fragments_of_different_messages_are_a_violation_as_ever() {
    for (flags, stream) in [("", 1), ("E", 1)] {
        let mut rx = forwarding(1);
        accept(&mut rx, 1, 0, 0, "B");
        let outcome = give(&mut rx, &chunk(Tsn(2), stream, 0, flags, 10));
        assert_eq!(outcome, Outcome::Violation);
    }
    let mut rx = forwarding(1);
    accept(&mut rx, 2, 0, 0, "B");
    let outcome = give(&mut rx, &chunk(Tsn(1), 0, 0, "", 10));
    assert_eq!(outcome, Outcome::Accepted, "given up before it");
    let outcome = give(&mut rx, &chunk(Tsn(4), 0, 0, "", 10));
    assert_eq!(outcome, Outcome::Accepted);
    let outcome = give(&mut rx, &chunk(Tsn(3), 0, 0, "E", 10));
    assert_eq!(
        outcome,
        Outcome::Violation,
        "something goes on behind the end"
    );
}

/// A receiver that delivers a message in parts, up to TSN 12.
fn in_parts(unordered: bool) -> Receiver<Bytes> {
    let mut rx = Receiver::new(Tsn(1), 8, 20_000);
    rx.set_may_forward(true);
    for tsn in 1..=12 {
        let flags = match (tsn, unordered) {
            (1, false) => "B",
            (1, true) => "UB",
            (_, false) => "",
            (_, true) => "U",
        };
        let c = chunk(Tsn(tsn), 1, 0, flags, 1000);
        assert_eq!(give(&mut rx, &c), Outcome::Accepted);
        rx.relieve();
        while let Some(m) = rx.take() {
            assert!(!m.end);
            let len = m.first.len() + m.rest.iter().map(|b| b.len()).sum::<usize>();
            rx.consumed(len, len);
        }
    }
    rx
}

#[test]
fn a_delivery_in_parts_is_broken_off() {
    for unordered in [false, true] {
        let mut rx = in_parts(unordered);
        let broken = Abandoned {
            stream: 1,
            ssn: Ssn(0),
            unordered,
        };
        // Waits for the end of the large one.
        accept(&mut rx, 15, 1, u16::from(!unordered), "BE");
        accept(&mut rx, 14, 1, 0, if unordered { "UE" } else { "E" });
        assert!(rx.take().is_none());
        assert_eq!(rx.take_abandoned(), None);
        let skipped: &[_] = if unordered { &[] } else { &[(1, 0)] };
        assert_eq!(forward(&mut rx, 13, skipped), Ok(Forwarded::Advanced));
        assert_eq!(rx.take_abandoned(), Some(broken));
        assert_eq!(rx.take_abandoned(), None);
        assert_eq!(ssns(&mut rx), [(1, u16::from(!unordered))]);
        assert!(rx.is_drained());
        assert_eq!(rx.map().cumulative(), Tsn(15));
    }
}

#[test]
fn the_next_message_breaks_a_delivery_in_parts_off() {
    for next in ["BE", "B"] {
        let mut rx = in_parts(false);
        accept(&mut rx, 13, 1, 1, next);
        assert!(rx.take_abandoned().is_some());
        if next == "B" {
            accept(&mut rx, 14, 1, 1, "E");
        }
        assert_eq!(ssns(&mut rx), [(1, 1)]);
        // What the FORWARD TSN has to say about it is known.
        forward(&mut rx, 15, &[(1, 0)]).unwrap();
        accept(&mut rx, 16, 1, 2, "BE");
        assert_eq!(ssns(&mut rx), [(1, 2)]);
    }
}

#[test]
fn a_restart_breaks_a_delivery_in_parts_off() {
    let mut rx = in_parts(false);
    rx.restart(Tsn(1000), 8);
    assert!(rx.take_abandoned().is_some());
    assert!(rx.take().is_none());
    accept(&mut rx, 1000, 1, 0, "BE");
    assert_eq!(ssns(&mut rx), [(1, 0)]);
}

/// And what has waited behind it can be had.
#[test]
fn the_end_breaks_a_delivery_in_parts_off() {
    let mut rx = in_parts(false);
    accept(&mut rx, 15, 2, 0, "BE");
    assert!(rx.take().is_none());
    rx.end();
    assert!(rx.take_abandoned().is_some());
    assert_eq!(ssns(&mut rx), [(2, 0)]);
    rx.end();
    assert_eq!(rx.take_abandoned(), None);
}

/// Nobody has to be told about a message of which nobody has heard.
#[test]
fn a_delivery_in_parts_that_has_not_begun_is_not_broken_off() {
    let mut rx = Receiver::new(Tsn(1), 8, 20_000);
    rx.set_may_forward(true);
    for tsn in 1..=9 {
        let flags = if tsn == 1 { "B" } else { "" };
        let c = chunk(Tsn(tsn), 1, 0, flags, 1000);
        assert_eq!(give(&mut rx, &c), Outcome::Accepted);
    }
    rx.relieve();
    forward(&mut rx, 20, &[(1, 0)]).unwrap();
    assert_eq!(rx.take_abandoned(), None);
    assert!(rx.take().is_none());
    assert!(rx.is_drained());
}

#[test]
fn a_forward_tsn_that_comes_late_changes_nothing() {
    let mut rx = forwarding(u32::MAX);
    accept(&mut rx, u32::MAX, 0, 0, "BE");
    accept(&mut rx, 0, 0, 1, "BE");
    accept(&mut rx, 2, 0, 3, "BE");
    for tsn in [0, u32::MAX, u32::MAX - 1, 0x8000_0000, 0x8000_0001] {
        assert_eq!(forward(&mut rx, tsn, &[(0, 9)]), Ok(Forwarded::Old));
        assert_eq!(rx.map().cumulative(), Tsn(0));
    }
    assert_eq!(ssns(&mut rx), [(0, 0), (0, 1)]);
    accept(&mut rx, 1, 0, 2, "BE");
    assert_eq!(ssns(&mut rx), [(0, 2), (0, 3)]);
}

/// dcSCTP: "Discard FORWARD-TSN with invalid TSN".
#[test]
fn a_forward_tsn_beyond_all_windows_is_discarded() {
    for (ahead, expected) in [
        (1, Forwarded::Advanced),
        (0xffff, Forwarded::Advanced),
        (0x1_0000, Forwarded::OutOfWindow),
        (0x7fff_ffff, Forwarded::OutOfWindow),
    ] {
        let mut rx = forwarding(0);
        let tsn = u32::MAX.wrapping_add(ahead);
        assert_eq!(forward(&mut rx, tsn, &[]), Ok(expected));
        let moved = rx.map().cumulative() == Tsn(tsn);
        assert_eq!(moved, expected == Forwarded::Advanced);
    }
}

#[test]
fn cve_2009_0065_a_stream_that_there_is_not_is_passed_over() {
    let before = fault::live_bytes();
    let mut rx = forwarding(1);
    accept(&mut rx, 2, 7, 1, "BE");
    let all: Vec<_> = (8..=u16::MAX)
        .step_by(5)
        .map(|stream| (stream, 77))
        .collect();
    assert_eq!(forward(&mut rx, 1, &all), Ok(Forwarded::Advanced));
    assert_eq!(ssns(&mut rx), []);
    let more = [(8, 0), (u16::MAX, 0), (7, 0), (0x8007, 9)];
    assert_eq!(forward(&mut rx, 4, &more), Ok(Forwarded::Advanced));
    assert_eq!(ssns(&mut rx), [(7, 1)]);
    let kept = fault::live_bytes() - before;
    assert!(kept < 8192, "{kept} bytes");
}

/// The room for what becomes ready is no larger than what waits, however often a stream is named.
#[test]
fn a_stream_named_often_takes_no_more_memory() {
    let mut rx = forwarding(1);
    for i in 0..500 {
        accept(&mut rx, 2 + i, 0, 1 + i as u16, "BE");
    }
    let before = fault::live_bytes();
    assert_eq!(
        forward(&mut rx, 1, &[(0, 0); 10_000]),
        Ok(Forwarded::Advanced)
    );
    let more = fault::live_bytes() - before;
    assert!(more < 500 * 512, "{more} bytes");
    assert_eq!(ssns(&mut rx).len(), 500);
}

/// Without memory a FORWARD TSN is as good as lost.
#[test]
fn when_memory_runs_out_nothing_is_skipped() {
    for n in 1.. {
        let mut rx = Receiver::new(Tsn(1), 60_000, 1 << 20);
        rx.set_may_forward(true);
        for i in 0..70 {
            accept(&mut rx, 2 + i, 3, 1 + i as u16, "BE");
        }
        accept(&mut rx, 73, 500, 0, "B");
        let skipped = [(3, 0), (40_000, 5)];
        let plan = fault::fail_nth(n);
        let result = forward(&mut rx, 1, &skipped);
        let failed = plan.has_failed();
        drop(plan);
        assert_eq!(result.is_err(), failed);
        if failed {
            assert_eq!(rx.map().cumulative(), Tsn(0));
            assert_eq!(rx.pending_chunks(), 71);
            assert_eq!(forward(&mut rx, 1, &skipped), Ok(Forwarded::Advanced));
        }
        assert_eq!(ssns(&mut rx).len(), 70);
        if !failed {
            assert!(n > 3, "only {n} allocations");
            break;
        }
    }
}

/// What a sender does that knows which messages it has given up.
struct Model {
    messages: Vec<Vec<Chunk>>,
    given_up: Vec<bool>,
}

impl Model {
    /// The FORWARD TSN that is due when all up to `cumulative` was acknowledged.
    fn forward(&self, cumulative: Tsn) -> Option<(u32, Vec<(u16, u16)>)> {
        let mut tsn = cumulative;
        let mut skipped = Vec::<(u16, u16)>::new();
        let chunks = self.messages.iter().zip(&self.given_up);
        for (c, given_up) in chunks.flat_map(|(m, &up)| m.iter().map(move |c| (c, up))) {
            if c.header.tsn != tsn.next() {
                continue;
            }
            if !given_up {
                break;
            }
            tsn = c.header.tsn;
            if !c.header.unordered {
                skipped.retain(|(stream, _)| *stream != c.header.stream);
                skipped.push((c.header.stream, c.header.ssn.0));
            }
        }
        (tsn != cumulative).then_some((tsn.0, skipped))
    }
}

proptest! {
    #![proptest_config(cases(400))]

    /// Whatever arrives in whatever order: what was not given up comes out once, in order, and
    /// nothing is kept of the rest.
    #[test]
    fn all_that_was_not_given_up_is_delivered(
        specs in specs(),
        fates in proptest::collection::vec(0..4u8, 40),
        seed in any::<u64>(),
    ) {
        let mut rng = SplitMix(seed);
        let mut rx = forwarding(u32::MAX - 20);
        // The model begins shortly before SSNs wrap, of which the receiver has to be told.
        let mut streams: Vec<_> = (0..4).map(|s| (s, 0x7ffe)).collect();
        prop_assert_eq!(forward(&mut rx, u32::MAX - 20, &streams), Ok(Forwarded::Advanced));
        streams.iter_mut().for_each(|(_, ssn)| *ssn = u16::MAX - 4);
        prop_assert_eq!(forward(&mut rx, u32::MAX - 19, &streams), Ok(Forwarded::Advanced));
        let model = Model {
            messages: chunks(Tsn(u32::MAX - 18), &specs),
            given_up: fates.iter().map(|fate| *fate == 0).collect(),
        };
        let mut order = Vec::new();
        for (message, &up) in model.messages.iter().zip(&model.given_up) {
            for c in message {
                if !up || rng.next_u32() % 3 != 0 {
                    order.push(c.clone());
                }
            }
        }
        for i in 1..order.len() {
            let j = i - (rng.next_u64() % (1 + i.min(20) as u64)) as usize;
            order.swap(i, j);
        }
        let mut got = Vec::new();
        for c in &order {
            prop_assert!(matches!(give(&mut rx, c), Outcome::Accepted | Outcome::Duplicate));
            if rng.next_u32() % 4 == 0 {
                if let Some((tsn, skipped)) = model.forward(rx.map().cumulative()) {
                    prop_assert_eq!(forward(&mut rx, tsn, &skipped), Ok(Forwarded::Advanced));
                }
            }
            if rng.next_u32() % 4 == 0 {
                take(&mut rx, &mut got);
            }
        }
        while let Some((tsn, skipped)) = model.forward(rx.map().cumulative()) {
            prop_assert_eq!(forward(&mut rx, tsn, &skipped), Ok(Forwarded::Advanced));
        }
        take(&mut rx, &mut got);
        prop_assert!(rx.is_drained());
        prop_assert_eq!(rx.pending_chunks(), 0);
        check_delivered(&model, &specs, got);
    }
}

/// Of each stream the messages that were kept are there in order, and between them some of those
/// that were given up may be.
fn check_delivered(model: &Model, specs: &[Spec], got: Vec<(u16, bool, Vec<u8>)>) {
    for stream in 0..4 {
        for unordered in [false, true] {
            let mut got: Vec<_> = got
                .iter()
                .filter(|(s, u, _)| (*s, *u) == (stream, unordered))
                .map(|(_, _, bytes)| bytes.clone())
                .collect();
            let mut sent: Vec<(Vec<u8>, bool)> = Vec::new();
            for ((spec, message), up) in specs.iter().zip(&model.messages).zip(&model.given_up) {
                if (spec.stream, spec.unordered) == (stream, unordered) {
                    let bytes = message.iter().flat_map(|c| c.payload.as_slice().to_vec());
                    sent.push((bytes.collect(), *up));
                }
            }
            if unordered {
                got.sort();
                sent.sort();
            }
            let mut got = got.into_iter().peekable();
            for (bytes, up) in sent {
                let is_there = got.next_if_eq(&bytes).is_some();
                assert!(is_there || up, "stream {stream}: a message is missing");
            }
            assert_eq!(got.next(), None, "stream {stream}: out of order, or twice");
        }
    }
}
