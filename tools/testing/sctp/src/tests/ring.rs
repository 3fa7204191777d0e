// SPDX-License-Identifier: GPL-2.0

//! The ring against std's.

use std::collections::VecDeque;

use proptest::prelude::*;

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use super::support::cases;
use crate::engine::ring::{Ring, BLOCK};

#[derive(Clone, Debug)]
enum Op {
    Push(u32),
    PushMany(u8),
    Pop,
    PopMany(u8),
    Set(usize, u32),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => any::<u32>().prop_map(Op::Push),
        2 => any::<u8>().prop_map(Op::PushMany),
        6 => Just(Op::Pop),
        2 => any::<u8>().prop_map(Op::PopMany),
        4 => (0..600usize, any::<u32>()).prop_map(|(i, v)| Op::Set(i, v)),
        1 => Just(Op::Clear),
    ]
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn behaves_as_std_does(ops in proptest::collection::vec(op(), 1..200)) {
        let mut ring = Ring::new();
        let mut model = VecDeque::new();
        for op in ops {
            match op {
                Op::Push(v) => {
                    ring.push(v, GFP_ATOMIC).unwrap();
                    model.push_back(v);
                }
                Op::PushMany(n) => {
                    ring.reserve(usize::from(n), GFP_ATOMIC).unwrap();
                    for v in 0..u32::from(n) {
                        ring.push_reserved(v).unwrap();
                        model.push_back(v);
                    }
                }
                Op::Pop => prop_assert_eq!(ring.pop_front(), model.pop_front()),
                Op::PopMany(n) => {
                    for _ in 0..n {
                        prop_assert_eq!(ring.pop_front(), model.pop_front());
                    }
                }
                Op::Set(i, v) => {
                    prop_assert_eq!(ring.get_mut(i).is_some(), i < model.len());
                    if let (Some(x), Some(y)) = (ring.get_mut(i), model.get_mut(i)) {
                        *x = v;
                        *y = v;
                    }
                }
                Op::Clear => {
                    ring.clear();
                    model.clear();
                }
            }
            prop_assert_eq!(ring.len(), model.len());
            prop_assert_eq!(ring.front(), model.front());
            prop_assert_eq!(ring.back(), model.back());
            prop_assert!(ring.iter().eq(model.iter()));
        }
    }
}

#[test]
fn a_queue_that_moves_along_does_not_allocate() {
    let mut ring = Ring::new();
    for i in 0..BLOCK + 1 {
        ring.push(i, GFP_ATOMIC).unwrap();
    }
    // The directory may have to grow once, when the elements reach into a third block.
    for i in 0..2 * BLOCK {
        ring.push(i, GFP_ATOMIC).unwrap();
        ring.pop_front();
    }
    let before = fault::attempts();
    for i in 0..100 * BLOCK {
        ring.push(i, GFP_ATOMIC).unwrap();
        ring.pop_front();
    }
    assert_eq!(fault::attempts(), before);
}

/// Most rings never hold more than an element or two, and there are several for each association.
#[test]
fn few_elements_take_little_memory() {
    let before = fault::live_bytes();
    let mut ring = Ring::new();
    for i in 0..10 * BLOCK {
        ring.push([i as u64; 15], GFP_ATOMIC).unwrap();
        assert_eq!(ring.pop_front(), Some([i as u64; 15]));
    }
    assert!(fault::live_bytes() - before <= 2 * 128);
    for i in 0..BLOCK {
        ring.push([i as u64; 15], GFP_ATOMIC).unwrap();
    }
    assert!(fault::live_bytes() - before <= BLOCK as i64 * 128);
    for i in 0..BLOCK {
        assert_eq!(ring.pop_front(), Some([i as u64; 15]));
    }
    ring.shrink();
    assert_eq!(fault::live_bytes(), before);
}

#[test]
fn failed_allocations_change_nothing() {
    for n in 1.. {
        let mut ring = Ring::new();
        // Some of them are in front of the first one in their block.
        for i in 0..BLOCK + 5 {
            ring.push(i, GFP_ATOMIC).unwrap();
            if i < 5 {
                ring.pop_front();
            }
        }
        let plan = fault::fail_nth(n);
        let result = ring.reserve(3 * BLOCK, GFP_ATOMIC);
        if !plan.has_failed() {
            assert!(n > 3, "nothing was allocated");
            break;
        }
        drop(plan);
        assert!(result.is_err());
        assert!(ring.iter().copied().eq(5..BLOCK + 5));
        for i in BLOCK + 5..5 * BLOCK {
            ring.push(i, GFP_ATOMIC).unwrap();
        }
        assert!(ring.iter().copied().eq(5..5 * BLOCK));
    }
}
