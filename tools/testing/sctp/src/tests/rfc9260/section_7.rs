// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 7: what congestion control does to the packets. How it reckons is tested in `cc/`.

use crate::engine::config::Config;
use crate::tests::{script::*, sim::pattern};

fn nodelay() -> Setup<impl Fn(&mut Config)> {
    with(|c| c.nodelay = true)
}

/// So many small packets in flight.
fn in_flight(x: &mut Script, n: i64) {
    for tsn in 0..n {
        x.user_sends(0, b"x");
        x.expects([data(tsn)]);
    }
}

// 7.2.1

#[test]
fn the_first_window_is_4404_bytes_or_two_to_four_packets() {
    for (mtu, packets) in [(1480, 3), (1000, 4), (512, 4), (4000, 2), (9000, 2)] {
        with(|c| {
            c.nodelay = true;
            c.max_burst = 0;
        })
        .connecting_with_mtu(mtu, |x| {
            x.complete();
            for n in 0..8 {
                x.net
                    .send(crate::tests::sim::A, 0, &pattern(n, (mtu - 28) & !3));
            }
            assert_eq!(x.ignores_the_rest().len(), packets, "MTU {mtu}");
        });
    }
}

// 7.2.3

#[test]
fn a_timeout_leaves_one_packet() {
    nodelay().up(|x| {
        for tsn in 0..4 {
            x.user_sends(0, &pattern(0, 1400));
            x.expects([data(tsn)]);
        }
        x.after(1000);
        x.expects([data(0)]);
        // Whatever else happens: nothing more before that one is acknowledged.
        x.user_sends(0, b"y");
        x.after(1999);
    });
}

// 7.2.4

#[test]
fn the_third_missing_report_brings_the_chunk_again() {
    nodelay().up(|x| {
        in_flight(x, 5);
        x.sends([sack(-1).gap(2, 2)]);
        x.sends([sack(-1).gap(2, 3)]);
        x.sends([sack(-1).gap(2, 4)]);
        x.expects([data(0)]);
        // Once; after that it is up to the timer.
        x.sends([sack(-1).gap(2, 5)]);
        x.after(999);
        x.let_pass(2);
        x.sends([sack(4)]);
        x.ignores_the_rest();
    });
}

/// Only what is newly acknowledged makes a report (the highest TSN newly acknowledged).
#[test]
fn the_same_report_three_times_is_one() {
    nodelay().up(|x| {
        in_flight(x, 3);
        for _ in 0..6 {
            x.sends([sack(-1).gap(2, 2)]);
        }
        x.sends([sack(2)]);
    });
}

#[test]
fn all_that_was_reported_missing_leaves_in_one_packet() {
    nodelay().up(|x| {
        in_flight(x, 8);
        x.sends([sack(-1).gap(3, 3).gap(5, 5)]);
        x.sends([sack(-1).gap(3, 3).gap(5, 6)]);
        x.sends([sack(-1).gap(3, 3).gap(5, 7)]);
        // TSN 3 was reported three times, too, as it is before 4.
        x.expects([data(0), data(1), data(3)]);
        x.sends([sack(7)]);
    });
}

/// What was retransmitted fast is not measured, nor is it retransmitted fast again.
#[test]
fn a_chunk_is_retransmitted_fast_once() {
    nodelay().up(|x| {
        in_flight(x, 8);
        for end in 2..5 {
            x.sends([sack(-1).gap(2, end)]);
        }
        x.expects([data(0)]);
        for end in 5..9 {
            x.sends([sack(-1).gap(2, end)]);
        }
        x.sends([sack(7)]);
    });
}
