// SPDX-License-Identifier: GPL-2.0

//! The receive buffer by itself: how it grows, and what it does when memory is short.

use crate::engine::{
    rx::buffer::Buffer,
    time::{Duration, Time},
};

const RTT: Duration = Duration::from_millis(50);

/// The user reads all of what a sender that is held back by nothing but the window sends in
/// `rounds` round trips.
fn read_windows(buffer: &mut Buffer, at: &mut Time, rounds: u32) {
    for _ in 0..rounds {
        *at = at.plus(RTT);
        let window = buffer.window() as usize;
        for piece in [window / 2, window - window / 2] {
            buffer.add(piece, piece);
            buffer.remove(piece, piece);
            buffer.tune(*at, piece, RTT);
        }
    }
}

fn growing(size: u32, max: u32) -> Buffer {
    let mut buffer = Buffer::new(size);
    buffer.resize(size, max);
    buffer
}

#[test]
fn the_window_doubles_each_round_trip_while_it_is_all_read_up_to_its_bound() {
    let mut buffer = growing(20_000, 1_000_000);
    let mut at = Time::START;
    let mut windows = Vec::new();
    for _ in 0..8 {
        read_windows(&mut buffer, &mut at, 1);
        windows.push(buffer.window());
    }
    assert_eq!(
        windows,
        [20_000, 40_000, 80_000, 160_000, 320_000, 500_000, 500_000, 500_000]
    );
}

#[test]
fn the_window_stays_while_the_sender_uses_less_than_half_of_it() {
    let mut buffer = growing(20_000, 1_000_000);
    for i in 1..100 {
        buffer.tune(Time::START.plus(Duration::from_millis(50 * i)), 3_000, RTT);
    }
    assert_eq!(buffer.window(), 10_000);
}

#[test]
fn a_buffer_that_the_user_has_set_stays() {
    let mut buffer = growing(20_000, 0);
    read_windows(&mut buffer, &mut Time::default(), 20);
    assert_eq!(buffer.window(), 10_000);
}

#[test]
fn the_user_can_set_a_buffer_that_has_grown() {
    let mut buffer = growing(20_000, 1_000_000);
    read_windows(&mut buffer, &mut Time::default(), 4);
    buffer.resize(30_000, 0);
    assert_eq!(buffer.window(), 15_000);
    read_windows(&mut buffer, &mut Time::default(), 4);
    assert_eq!(buffer.window(), 15_000);
}

#[test]
fn without_memory_the_window_closes_and_opens_again() {
    let mut buffer = growing(100_000, 0);
    buffer.add(10_000, 20_000);
    assert_eq!(buffer.window(), 40_000);
    assert!(!buffer.is_short());
    buffer.grant(20_000);
    assert!(buffer.is_short());
    assert_eq!(buffer.window(), 0);
    assert!(!buffer.has_room(1, false));
    // Or what is held could never be delivered.
    assert!(buffer.has_room(1, true));
    buffer.remove(10_000, 20_000);
    assert!(
        buffer.has_room(30_000, false),
        "an empty one takes anything"
    );
    buffer.add(10_000, 20_000);
    buffer.grant(usize::MAX);
    assert_eq!(buffer.window(), 40_000);
}
