// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 7.2.2 and 7.2.3 as tables.

use super::{full, grown, reduced, MTU};
use crate::engine::cc::Algorithm;

#[test]
fn fast_retransmit_halves() {
    let mut reno = grown(Algorithm::Reno, 40);
    let before = reno.cwnd();
    reno.on_loss();
    assert_eq!(reno.cwnd(), before / 2);
    assert_eq!(reno.ssthresh(), before / 2);
    for _ in 0..10 {
        reno.on_loss();
    }
    assert_eq!(reno.cwnd(), 4 * MTU, "not below four MTU");
}

#[test]
fn congestion_avoidance_adds_one_mtu_per_window() {
    let mut reno = reduced(Algorithm::Reno);
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
    let mut reno = reduced(Algorithm::Reno);
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
