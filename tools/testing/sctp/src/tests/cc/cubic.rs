// SPDX-License-Identifier: GPL-2.0

//! RFC 9438 against its formulas in floating point.

use proptest::prelude::*;

use super::{full, grown, MTU};
use crate::engine::{
    cc::{
        cubic::{cube_root, origin, w_cubic},
        Acked, Algorithm, Controller,
    },
    time::{Duration, Time},
};

const C: f64 = 0.4;
const BETA: f64 = 0.7;
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);

fn close(a: f64, b: f64, share: f64) -> bool {
    (a - b).abs() <= share * b.abs() + 1.0
}

/// K in seconds.
fn k(w_max: f64, cwnd: f64, mtu: f64) -> f64 {
    ((w_max - cwnd) / mtu / C).cbrt()
}

fn curve(w_max: f64, k: f64, t: f64, mtu: f64) -> f64 {
    C * mtu * (t - k).powi(3) + w_max
}

#[test]
fn cube_roots() {
    for root in [0, 1, 2, 3, 999, 1000, 65_535, 2_642_244, 2_642_245] {
        let cube = root * root * root;
        assert_eq!(cube_root(cube), root);
        if root > 0 {
            assert_eq!(cube_root(cube - 1), root - 1);
        }
    }
    assert_eq!(cube_root(u64::MAX), 2_642_245);
}

proptest! {
    #[test]
    fn the_curve_is_the_formula(
        w_max in 4000_u64..1 << 30,
        share in 500..1000_u64,
        mtu in 500..9000_u64,
        t in 0..60_000_u64,
    ) {
        let cwnd = w_max / 1000 * share;
        let exact = k(w_max as f64, cwnd as f64, mtu as f64);
        let ours = origin(w_max, cwnd, mtu);
        prop_assert!((ours as f64 - exact * 1000.0).abs() <= 1.0, "K {} for {}", ours, exact);

        let want = curve(w_max as f64, ours as f64 / 1000.0, t as f64 / 1000.0, mtu as f64);
        let got = w_cubic(w_max, ours, Duration::from_millis(t as u32), mtu);
        prop_assert!(close(got as f64, want.max(0.0), 1e-6), "{} for {}", got, want);
    }
}

/// A path whose window is used all the time: SACKs for two packets each, evenly spread over the
/// round trip.
struct Path {
    cc: Controller,
    now: Time,
    rtt: Duration,
}

impl Path {
    /// Just after a loss at so many MTUs.
    fn after_loss(mtus: usize, rtt: Duration) -> Self {
        let mut cc = grown(Algorithm::Cubic, mtus);
        cc.on_loss();
        Self {
            cc,
            now: Time::START,
            rtt,
        }
    }

    fn sack(&mut self, used: bool) {
        let gap = self.rtt.0 / (self.cc.cwnd() / (2 * MTU)).max(1) as u64;
        self.now = self.now.plus(Duration(gap));
        self.cc.on_sack(&Acked {
            now: self.now,
            srtt: self.rtt,
            flight_before: self.cc.cwnd() - usize::from(!used),
            ..full(&self.cc, 2 * MTU)
        });
    }

    fn run_until(&mut self, at: Duration) {
        while self.now.since(Time::START) < at {
            self.sack(true);
        }
    }
}

#[test]
fn a_loss_leaves_seven_tenths() {
    let mut cc = grown(Algorithm::Cubic, 100);
    let before = cc.cwnd();
    cc.on_loss();
    assert_eq!(cc.cwnd(), before * 7 / 10);
    for _ in 0..20 {
        cc.on_loss();
    }
    assert_eq!(cc.cwnd(), 4 * MTU, "not below four MTU");
}

/// On a long path the window follows the curve, one round trip ahead.
#[test]
fn the_window_follows_the_curve() {
    let rtt = Duration::from_millis(100);
    let mut path = Path::after_loss(1000, rtt);
    let start = path.cc.cwnd() as f64;
    let w_max = (start / BETA).round();
    let k = k(w_max, start, MTU as f64);
    assert!((8.0..11.0).contains(&k), "{k}");
    for tenth in 1..=20_u32 {
        let t = k * f64::from(tenth) / 10.0;
        path.run_until(Duration((t * 1e9) as u64));
        let now = path.now.nanos() as f64 / 1e9;
        // cwnd is to reach in one round trip where the curve is by then.
        let want = curve(w_max, k, now, MTU as f64);
        let got = path.cc.cwnd() as f64;
        assert!(close(got, want, 0.01), "at {now} s: {got} for {want}");
    }
}

/// On a short path Reno would be faster than the curve, and so is CUBIC.
#[test]
fn no_slower_than_reno_on_short_paths() {
    let rtt = Duration::from_millis(1);
    let mut path = Path::after_loss(40, rtt);
    let prior = path.cc.cwnd() as f64 / BETA;
    // cwnd == ssthresh is slow start still.
    path.sack(true);
    let (start, since) = (path.cc.cwnd() as f64, path.now);
    path.run_until(Duration(since.nanos() + 10_000_000));
    let want = start + ALPHA * MTU as f64 * 10.0;
    assert!(want < prior);
    let got = path.cc.cwnd() as f64;
    assert!(close(got, want, 0.02), "{got} for {want}");
    // Beyond the last loss it grows by a whole MTU per round trip.
    while (path.cc.cwnd() as f64) < prior + MTU as f64 {
        path.sack(true);
    }
    let (from, since) = (path.cc.cwnd() as f64, path.now);
    path.run_until(Duration(since.nanos() + 50_000_000));
    let trips = path.now.since(since).0 as f64 / rtt.0 as f64;
    let grown = (path.cc.cwnd() as f64 - from) / MTU as f64;
    assert!((grown / trips - 1.0).abs() < 0.1, "{grown} in {trips}");
}

/// Two losses in short order: whoever lost makes room for others.
#[test]
fn fast_convergence() {
    let rtt = Duration::from_millis(100);
    let mut once = Path::after_loss(1000, rtt);
    let mut twice = Path::after_loss(1000, rtt);
    once.run_until(Duration::from_secs(1));
    twice.run_until(Duration::from_secs(1));
    let cwnd = twice.cc.cwnd() as f64;
    twice.cc.on_loss();
    // The curve lingers at (1 + beta) / 2 of where the second loss was.
    let w_max = cwnd * (1.0 + BETA) / 2.0;
    let k = k(w_max, cwnd * BETA, MTU as f64);
    twice.run_until(Duration(twice.now.nanos() + (k * 1e9) as u64));
    let got = twice.cc.cwnd() as f64;
    assert!(close(got, w_max, 0.02), "{got} for {w_max}");
}

/// After a timeout the curve begins where slow start ends (RFC 9438, 4.8).
#[test]
fn the_curve_after_a_timeout() {
    let rtt = Duration::from_millis(100);
    let mut path = Path::after_loss(1000, rtt);
    path.cc.on_timeout();
    let ssthresh = path.cc.ssthresh();
    while path.cc.in_slow_start() {
        path.sack(true);
    }
    assert!(path.cc.cwnd() <= ssthresh + MTU);
    let (from, since) = (path.cc.cwnd() as f64, path.now);
    path.run_until(Duration(since.nanos() + 3_000_000_000));
    let t = path.now.since(since).0 as f64 / 1e9;
    let want = curve(from, 0.0, t + 0.1, MTU as f64);
    let got = path.cc.cwnd() as f64;
    assert!(close(got, want, 0.02), "{got} for {want}");
}

/// RFC 9438, 5.8: the user pauses for an hour, and the window goes on where it was.
#[test]
fn time_without_use_does_not_count() {
    let rtt = Duration::from_millis(100);
    let mut path = Path::after_loss(1000, rtt);
    path.run_until(Duration::from_secs(2));
    let before = path.cc.cwnd();
    path.sack(false);
    path.now = path.now.plus(Duration::from_secs(3600));
    path.sack(false);
    assert_eq!(path.cc.cwnd(), before);
    path.sack(true);
    assert!(path.cc.cwnd() - before < 4 * MTU);
}
