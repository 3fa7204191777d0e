// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 7.2 as tables.

use crate::engine::cc::{Acked, Reno};

const MTU: usize = 1468;

/// A SACK that advances the cumulative TSN while the window is fully used.
fn full(reno: &Reno, bytes: usize) -> Acked {
    Acked {
        bytes,
        flight_before: reno.cwnd(),
        cumulative_advanced: true,
        all_acked: false,
        in_recovery: false,
    }
}

#[test]
fn initial_window() {
    // 7.2.1: min(4 MTU, max(2 MTU, 4404)).
    for (mtu, cwnd) in [(500, 2000), (1468, 4404), (3000, 6000), (65_500, 131_000)] {
        let reno = Reno::new(mtu);
        assert_eq!(reno.cwnd(), cwnd, "MTU {mtu}");
        assert!(reno.in_slow_start());
    }
}

#[test]
fn slow_start_grows_only_when_it_may() {
    let start = Reno::new(MTU);
    let grown = |change: fn(&mut Acked)| {
        let mut reno = start.clone();
        let mut acked = full(&reno, 2 * MTU);
        change(&mut acked);
        reno.on_sack(&acked);
        reno.cwnd() - start.cwnd()
    };
    assert_eq!(grown(|_| ()), 2 * MTU);
    assert_eq!(
        grown(|a| a.bytes = 100),
        100,
        "no more than was acknowledged"
    );
    assert_eq!(grown(|a| a.bytes = 100 * MTU), 2 * MTU, "two MTU at most");
    assert_eq!(grown(|a| a.cumulative_advanced = false), 0);
    assert_eq!(
        grown(|a| a.flight_before -= 1),
        0,
        "the window was not used"
    );
    assert_eq!(grown(|a| a.in_recovery = true), 0);
}

#[test]
fn fast_retransmit_halves() {
    let mut reno = Reno::new(MTU);
    while reno.cwnd() < 40 * MTU {
        reno.on_sack(&full(&reno, 2 * MTU));
    }
    let before = reno.cwnd();
    reno.on_fast_retransmit();
    assert_eq!(reno.cwnd(), before / 2);
    assert_eq!(reno.ssthresh(), before / 2);
    for _ in 0..10 {
        reno.on_fast_retransmit();
    }
    assert_eq!(reno.cwnd(), 4 * MTU, "not below four MTU");
}

#[test]
fn congestion_avoidance_adds_one_mtu_per_window() {
    let mut reno = Reno::new(MTU);
    reno.on_fast_retransmit();
    // cwnd == ssthresh is slow start still; once it is beyond, it is not.
    reno.on_sack(&full(&reno, MTU));
    assert!(!reno.in_slow_start());
    for _ in 0..5 {
        let before = reno.cwnd();
        let mut acked = 0;
        while reno.cwnd() == before {
            reno.on_sack(&full(&reno, MTU));
            acked += MTU;
        }
        assert_eq!(reno.cwnd(), before + MTU);
        assert!(
            acked + MTU > before && acked < before + 2 * MTU,
            "{acked} of {before}"
        );
    }
}

#[test]
fn partial_bytes_acked_does_not_pile_up() {
    let mut reno = Reno::new(MTU);
    reno.on_fast_retransmit();
    reno.on_sack(&full(&reno, MTU));
    let cwnd = reno.cwnd();
    for _ in 0..100 {
        let mut acked = full(&reno, MTU);
        acked.flight_before = MTU;
        reno.on_sack(&acked);
    }
    assert_eq!(reno.cwnd(), cwnd, "the window was not used");
    assert_eq!(reno.partial_bytes_acked(), cwnd);
    let mut acked = full(&reno, MTU);
    acked.all_acked = true;
    reno.on_sack(&acked);
    assert_eq!(reno.partial_bytes_acked(), 0);
}

#[test]
fn timeout_begins_anew_with_one_mtu() {
    let mut reno = Reno::new(MTU);
    while reno.cwnd() < 40 * MTU {
        reno.on_sack(&full(&reno, 2 * MTU));
    }
    let before = reno.cwnd();
    reno.on_timeout();
    assert_eq!(reno.cwnd(), MTU);
    assert_eq!(reno.ssthresh(), before / 2);
    reno.on_sack(&full(&reno, 2 * MTU));
    assert_eq!(reno.cwnd(), 2 * MTU, "one MTU per SACK after a timeout");
    reno.on_timeout();
    assert_eq!(reno.ssthresh(), 4 * MTU);
}

#[test]
fn idle_window_fades() {
    let mut reno = Reno::new(MTU);
    while reno.cwnd() < 64 * MTU {
        reno.on_sack(&full(&reno, 2 * MTU));
    }
    let before = reno.cwnd();
    reno.on_idle(0);
    assert_eq!(reno.cwnd(), before);
    reno.on_idle(2);
    assert_eq!(reno.cwnd(), before / 4);
    assert_eq!(reno.ssthresh(), before);
    reno.on_idle(u32::MAX);
    assert_eq!(reno.cwnd(), 4 * MTU);
    let mut small = Reno::new(MTU);
    small.on_idle(7);
    assert_eq!(small.cwnd(), 4404, "what is small stays");
}

/// However large the figures are, nothing overflows.
#[test]
fn extremes() {
    let mut reno = Reno::new(usize::MAX);
    for bytes in [0, 1, usize::MAX] {
        reno.on_sack(&full(&reno, bytes));
        reno.on_fast_retransmit();
        reno.on_sack(&full(&reno, bytes));
        reno.on_idle(3);
        reno.on_timeout();
        reno.set_mtu(1);
    }
}
