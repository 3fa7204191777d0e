// SPDX-License-Identifier: GPL-2.0

//! The sorted list against a sorted vector.

use proptest::prelude::*;

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use crate::engine::rx::sorted::Sorted;
use crate::tests::support::cases;

fn insert(list: &mut Sorted<u32>, value: u32) -> bool {
    let Err(at) = list.search(|x| x.cmp(&value)) else {
        return false;
    };
    let at = list.reserve(at, GFP_ATOMIC).unwrap();
    list.insert(at, value);
    true
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn behaves_as_a_sorted_vector(ops in proptest::collection::vec((0..400u32, 0..3u8), 1..600)) {
        let mut list = Sorted::new();
        let mut model: Vec<u32> = Vec::new();
        for (value, op) in ops {
            if op < 2 {
                let place = model.binary_search(&value);
                prop_assert_eq!(insert(&mut list, value), place.is_err());
                if let Err(i) = place {
                    model.insert(i, value);
                }
            } else {
                // Removes the first element at or behind the value.
                let found = match list.search(|x| x.cmp(&value)) {
                    Ok(at) | Err(at) => list.at_or_after(at),
                };
                let i = model.partition_point(|x| *x < value);
                prop_assert_eq!(found.is_some(), i < model.len());
                if let Some(at) = found {
                    let before = list.before(at).and_then(|b| list.get(b).copied());
                    prop_assert_eq!(before, i.checked_sub(1).map(|i| model[i]));
                    prop_assert_eq!(list.remove(at), Some(model.remove(i)));
                }
            }
            list.check_invariants();
            prop_assert!(list.iter().eq(model.iter()));
            prop_assert_eq!(list.first(), model.first());
        }
    }
}

#[test]
fn failed_allocations_change_nothing() {
    let build = || {
        let mut list = Sorted::new();
        for value in 0..16 {
            insert(&mut list, value * 2);
        }
        list
    };
    for n in 1.. {
        let mut list = build();
        let before: Vec<u32> = list.iter().copied().collect();
        let at = list.search(|x| x.cmp(&7)).unwrap_err();
        let plan = fault::fail_nth(n);
        let result = list.reserve(at, GFP_ATOMIC);
        if !plan.has_failed() {
            assert!(n > 1);
            break;
        }
        drop(plan);
        assert!(result.is_err());
        list.check_invariants();
        assert!(list.iter().eq(before.iter()));
        assert!(insert(&mut list, 7));
    }
}
