// SPDX-License-Identifier: GPL-2.0

//! The TSN map against a set.

use std::collections::BTreeSet;

use proptest::prelude::*;

use kernel::alloc::flags::GFP_ATOMIC;

use crate::engine::{
    rx::tsn_map::{Arrival, TsnMap, MAX_DUPLICATES, MAX_RANGES},
    serial::Tsn,
};
use crate::tests::support::cases;

fn arrive(map: &mut TsnMap, tsn: Tsn) -> Arrival {
    let arrival = map.classify(tsn);
    match arrival {
        Arrival::Next | Arrival::Ahead => {
            if map.reserve(arrival, GFP_ATOMIC).is_ok() {
                map.record(tsn);
            }
        }
        Arrival::Duplicate => map.duplicate(tsn, GFP_ATOMIC),
        Arrival::OutOfWindow => {}
    }
    map.check_invariants();
    arrival
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn behaves_as_a_set(
        start in prop_oneof![Just(u32::MAX - 20), Just(0), any::<u32>()],
        offsets in proptest::collection::vec(0..80u32, 1..200),
    ) {
        let initial = Tsn(start);
        let mut map = TsnMap::new(initial);
        let mut model = BTreeSet::new();
        for offset in offsets {
            let tsn = initial.plus(offset);
            let next = (0..).find(|o| !model.contains(o)).unwrap();
            let expected = if !model.insert(offset) {
                Arrival::Duplicate
            } else if offset == next {
                Arrival::Next
            } else {
                Arrival::Ahead
            };
            prop_assert_eq!(arrive(&mut map, tsn), expected);

            let next: u32 = (0..).find(|o| !model.contains(o)).unwrap();
            prop_assert_eq!(map.cumulative(), initial.plus(next).minus(1));
            let ahead: BTreeSet<u32> = model.range(next..).copied().collect();
            let reported: BTreeSet<u32> = map
                .ranges()
                .iter()
                .flat_map(|r| r.first.since(initial)..=r.last.since(initial))
                .collect();
            prop_assert_eq!(&reported, &ahead);
            let highest = model.last().copied().unwrap();
            prop_assert_eq!(map.highest(), initial.plus(highest));
        }
    }
}

#[test]
fn window_is_what_a_gap_block_can_say() {
    let map = TsnMap::new(Tsn(5));
    let cumulative = map.cumulative();
    for (offset, expected) in [
        (0, Arrival::Duplicate),
        (1, Arrival::Next),
        (2, Arrival::Ahead),
        (0xffff, Arrival::Ahead),
        (0x1_0000, Arrival::OutOfWindow),
        (0x7fff_ffff, Arrival::OutOfWindow),
        (0x8000_0000, Arrival::OutOfWindow),
        (0x8000_0001, Arrival::Duplicate),
        (u32::MAX, Arrival::Duplicate),
    ] {
        assert_eq!(
            map.classify(cumulative.plus(offset)),
            expected,
            "{offset:#x}"
        );
    }
}

/// Every other TSN: the number of ranges is bounded, and what comes next in order goes in.
#[test]
fn ranges_are_bounded() {
    let mut map = TsnMap::new(Tsn(1));
    for i in 1..2000 {
        arrive(&mut map, Tsn(1 + 2 * i));
    }
    assert_eq!(map.ranges().len(), MAX_RANGES);
    for i in 1..2000 {
        arrive(&mut map, Tsn(i));
    }
    assert!(!map.cumulative().is_before(Tsn(1999)));
}

#[test]
fn duplicates_are_bounded() {
    let mut map = TsnMap::new(Tsn(1));
    arrive(&mut map, Tsn(1));
    for _ in 0..100 {
        arrive(&mut map, Tsn(1));
    }
    assert_eq!(map.duplicates(), [Tsn(1); MAX_DUPLICATES]);
    map.clear_duplicates();
    assert!(map.duplicates().is_empty());
}
