// SPDX-License-Identifier: GPL-2.0

//! The stand-in behaves as the kernel's allocation does, and counts right: else what the engine's
//! tests say about running out of memory would mean nothing.

use kernel::{
    alloc::{
        flags::GFP_ATOMIC,
        kvec::{InsertError, PushError},
        AllocError, KBox, KVec,
    },
    fault,
};

#[test]
fn a_vector_doubles_or_grows_to_what_is_needed() {
    let before = fault::attempts();
    let mut v = KVec::new();
    v.push(1, GFP_ATOMIC).unwrap();
    assert_eq!(v.capacity(), 1);
    v.push(2, GFP_ATOMIC).unwrap();
    assert_eq!(v.capacity(), 2);
    v.push(3, GFP_ATOMIC).unwrap();
    assert_eq!(v.capacity(), 4);
    v.extend_from_slice(&[4; 10], GFP_ATOMIC).unwrap();
    assert_eq!(v.capacity(), 13);
    assert_eq!(fault::attempts(), before + 4);
    v.reserve(0, GFP_ATOMIC).unwrap();
    assert_eq!(fault::attempts(), before + 4);
}

#[test]
fn nothing_within_capacity_allocates() {
    let mut v = KVec::with_capacity(3, GFP_ATOMIC).unwrap();
    let before = fault::attempts();
    v.push_within_capacity(1).unwrap();
    v.insert_within_capacity(0, 2).unwrap();
    assert!(matches!(
        v.insert_within_capacity(3, 9),
        Err(InsertError::IndexOutOfBounds(9))
    ));
    v.push(3, GFP_ATOMIC).unwrap();
    assert!(matches!(v.push_within_capacity(9), Err(PushError(9))));
    assert!(matches!(
        v.insert_within_capacity(0, 9),
        Err(InsertError::OutOfCapacity(9))
    ));
    assert_eq!(v, [2, 1, 3]);
    assert!(v.remove(3).is_err());
    assert_eq!(v.remove(0).unwrap(), 2);
    v.retain(|n| *n == 3);
    assert_eq!(v, [3]);
    assert_eq!(v.drain_all().collect::<Vec<_>>(), [3]);
    assert_eq!(v.capacity(), 3);
    v.resize(3, 7, GFP_ATOMIC).unwrap();
    v.truncate(2);
    assert_eq!(v.pop(), Some(7));
    v.clear();
    assert!(v.is_empty());
    assert_eq!(fault::attempts(), before);
}

#[test]
fn the_chosen_allocation_fails_and_the_vector_is_as_it_was() {
    let mut v = KVec::new();
    v.push(1, GFP_ATOMIC).unwrap();
    let plan = fault::fail_nth(2);
    v.push(2, GFP_ATOMIC).unwrap();
    assert!(!plan.has_failed());
    assert_eq!(v.push(3, GFP_ATOMIC), Err(AllocError));
    assert!(plan.has_failed());
    assert_eq!(v, [1, 2]);
    assert_eq!(v.capacity(), 2);
    v.push(3, GFP_ATOMIC).unwrap();
    assert_eq!(v, [1, 2, 3]);
}

#[test]
fn from_the_chosen_allocation_on_all_fail_until_the_plan_ends() {
    let plan = fault::fail_from(2);
    assert!(KBox::new(1, GFP_ATOMIC).is_ok());
    assert!(KBox::new(1, GFP_ATOMIC).is_err());
    assert!(KBox::new(1, GFP_ATOMIC).is_err());
    drop(plan);
    assert!(KBox::new(1, GFP_ATOMIC).is_ok());
}

#[test]
fn more_than_kmalloc_can_serve_fails() {
    assert!(KVec::<u8>::with_capacity(fault::MAX_SIZE, GFP_ATOMIC).is_ok());
    assert!(KVec::<u8>::with_capacity(fault::MAX_SIZE + 1, GFP_ATOMIC).is_err());
    assert!(KVec::<u64>::with_capacity(usize::MAX, GFP_ATOMIC).is_err());
}

#[test]
fn values_without_a_size_need_no_memory() {
    let _plan = fault::fail_from(1);
    let mut v = KVec::new();
    v.push((), GFP_ATOMIC).unwrap();
    assert_eq!(v.len(), 1);
    assert!(KBox::new((), GFP_ATOMIC).is_ok());
}

#[test]
fn live_allocations_are_counted() {
    let live = || (fault::live(), fault::live_bytes());
    assert_eq!(live(), (0, 0));
    let mut v = KVec::<u32>::new();
    assert_eq!(live(), (0, 0));
    v.resize(10, 0, GFP_ATOMIC).unwrap();
    assert_eq!(live(), (1, 40));
    v.push(1, GFP_ATOMIC).unwrap();
    assert_eq!(live(), (1, 80));
    let b = KBox::new(5_u64, GFP_ATOMIC).unwrap();
    assert_eq!(live(), (2, 88));
    assert_eq!(KBox::into_inner(b), 5);
    assert_eq!(live(), (1, 80));
    v.clear();
    assert_eq!(live(), (1, 80));
    let mut items = v.into_iter();
    assert_eq!(items.next(), None);
    assert_eq!(live(), (1, 80));
    drop(items.collect(GFP_ATOMIC));
    assert_eq!(live(), (0, 0));
}

#[test]
fn an_element_is_dropped_once() {
    use std::rc::Rc;

    let element = Rc::new(());
    let mut v = KVec::new();
    for _ in 0..4 {
        v.push(Rc::clone(&element), GFP_ATOMIC).unwrap();
    }
    drop(v.remove(0));
    v.drain_all().next();
    assert_eq!(Rc::strong_count(&element), 1);
    let b = KBox::new(Rc::clone(&element), GFP_ATOMIC).unwrap();
    drop(KBox::into_inner(b));
    let _plan = fault::fail_nth(1);
    assert!(KBox::new(Rc::clone(&element), GFP_ATOMIC).is_err());
    assert_eq!(Rc::strong_count(&element), 1);
}
