// SPDX-License-Identifier: GPL-2.0

//! Congestion control: what all algorithms share, and each of them.

mod cubic;
mod reno;

use proptest::prelude::*;

use crate::engine::{
    cc::{Acked, Algorithm, Controller, CWND_MAX},
    time::{Duration, Time},
};
use crate::tests::support::cases;

const MTU: usize = 1468;

const BOTH: [Algorithm; 2] = [Algorithm::Reno, Algorithm::Cubic];

/// A SACK that advances the cumulative TSN while the window is fully used.
fn full(cc: &Controller, bytes: usize) -> Acked {
    Acked {
        now: Time::START,
        srtt: Duration::ZERO,
        bytes,
        flight_before: cc.cwnd(),
        cumulative_advanced: true,
        all_acked: false,
        in_recovery: false,
    }
}

/// A controller that slow start has brought to so many MTUs or a little more.
fn grown(algorithm: Algorithm, mtus: usize) -> Controller {
    let mut cc = Controller::new(algorithm, MTU);
    while cc.cwnd() < mtus * MTU {
        cc.on_sack(&full(&cc, MTU));
    }
    cc
}

#[test]
fn initial_window() {
    // 7.2.1: min(4 MTU, max(2 MTU, 4404)).
    for (mtu, cwnd) in [(500, 2000), (1468, 4404), (3000, 6000), (65_500, 131_000)] {
        for algorithm in BOTH {
            let cc = Controller::new(algorithm, mtu);
            assert_eq!(cc.cwnd(), cwnd, "MTU {mtu}");
            assert!(cc.in_slow_start());
        }
    }
}

#[test]
fn slow_start_grows_only_when_it_may() {
    for (algorithm, limit, by_gaps) in [(Algorithm::Reno, 2, 0), (Algorithm::Cubic, 8, 2 * MTU)] {
        let start = Controller::new(algorithm, MTU);
        let grown = |change: fn(&mut Acked)| {
            let mut cc = start.clone();
            let mut acked = full(&cc, 2 * MTU);
            change(&mut acked);
            cc.on_sack(&acked);
            cc.cwnd() - start.cwnd()
        };
        assert_eq!(grown(|_| ()), 2 * MTU);
        assert_eq!(grown(|a| a.bytes = 100), 100, "more than was acknowledged");
        assert_eq!(grown(|a| a.bytes = 100 * MTU), limit * MTU, "L");
        assert_eq!(grown(|a| a.cumulative_advanced = false), by_gaps);
        assert_eq!(grown(|a| a.flight_before -= 1), 0, "it was not used");
        assert_eq!(grown(|a| a.in_recovery = true), 0);
    }
}

/// RFC 3465: who acknowledges a packet in a hundred pieces gains nothing by it.
#[test]
fn ack_division_gains_nothing() {
    for algorithm in BOTH {
        for fresh in [Controller::new(algorithm, MTU), reduced(algorithm)] {
            let (mut honest, mut divided) = (fresh.clone(), fresh);
            for _ in 0..50 {
                honest.on_sack(&full(&honest, 2 * MTU));
                for _ in 0..MTU / 4 {
                    divided.on_sack(&full(&divided, 8));
                }
            }
            // Roundings, and that the later pieces meet a larger window.
            assert!(
                divided.cwnd() <= honest.cwnd() + MTU,
                "{algorithm:?}: {} over {}",
                divided.cwnd(),
                honest.cwnd()
            );
        }
    }
}

/// In congestion avoidance.
fn reduced(algorithm: Algorithm) -> Controller {
    let mut cc = grown(algorithm, 40);
    cc.on_loss();
    cc.on_sack(&full(&cc, MTU));
    assert!(!cc.in_slow_start());
    cc
}

#[test]
fn a_timeout_begins_anew_with_one_mtu() {
    for (algorithm, left) in [(Algorithm::Reno, 50), (Algorithm::Cubic, 70)] {
        let mut cc = grown(algorithm, 40);
        let before = cc.cwnd();
        cc.on_timeout();
        assert_eq!(cc.cwnd(), MTU);
        assert_eq!(cc.ssthresh(), before * left / 100);
        cc.on_sack(&full(&cc, 2 * MTU));
        assert_eq!(cc.cwnd(), 2 * MTU, "one MTU per SACK after a timeout");
        cc.on_timeout();
        assert_eq!(cc.ssthresh(), 4 * MTU);
    }
}

#[test]
fn idle_windows_fade() {
    for algorithm in BOTH {
        let mut cc = grown(algorithm, 64);
        let before = cc.cwnd();
        cc.on_idle(0);
        assert_eq!(cc.cwnd(), before);
        cc.on_idle(2);
        assert_eq!(cc.cwnd(), before / 4);
        assert_eq!(cc.ssthresh(), before);
        cc.on_idle(u32::MAX);
        assert_eq!(cc.cwnd(), 4 * MTU);
        let mut small = Controller::new(algorithm, MTU);
        small.on_idle(7);
        assert_eq!(small.cwnd(), 4404, "what is small stays");
    }
}

#[derive(Clone, Debug)]
enum Told {
    Sack {
        later: u64,
        srtt: u64,
        bytes: usize,
        used: bool,
        cumulative: bool,
        all: bool,
        recovering: bool,
    },
    Loss,
    Timeout,
    Idle(u32),
    Mtu(usize),
}

fn told() -> impl Strategy<Value = Told> {
    let bytes = prop_oneof![4 => 1..100_000_usize, 1 => Just(usize::MAX)];
    let time = prop_oneof![4 => 0..1_000_000_000_u64, 1 => Just(u64::MAX / 3)];
    let mtu = prop_oneof![4 => 500..9000_usize, 1 => any::<usize>()];
    prop_oneof![
        30 => (time.clone(), time, bytes, any::<[bool; 4]>()).prop_map(
            |(later, srtt, bytes, [used, cumulative, all, recovering])| Told::Sack {
                later, srtt, bytes, used, cumulative, all, recovering,
            }
        ),
        2 => Just(Told::Loss),
        1 => Just(Told::Timeout),
        1 => any::<u32>().prop_map(Told::Idle),
        1 => mtu.prop_map(Told::Mtu),
    ]
}

proptest! {
    #![proptest_config(cases(300))]

    /// Whatever happens, cwnd stays within its bounds, grows by acknowledgements alone and by no
    /// more than was acknowledged, and shrinks by everything else.
    #[test]
    fn the_window_keeps_to_its_bounds(
        cubic in any::<bool>(),
        mtu in 500..9000_usize,
        list in proptest::collection::vec(told(), 1..200),
    ) {
        let algorithm = BOTH[usize::from(cubic)];
        let mut cc = Controller::new(algorithm, mtu);
        let mut mtu = mtu;
        let mut now = Time::START;
        for told in list {
            let before = cc.cwnd();
            match told.clone() {
                Told::Sack { later, srtt, bytes, used, cumulative, all, recovering } => {
                    now = now.plus(Duration(later));
                    cc.on_sack(&Acked {
                        now,
                        srtt: Duration(srtt),
                        bytes,
                        flight_before: if used { before } else { before - 1 },
                        cumulative_advanced: cumulative,
                        all_acked: all,
                        in_recovery: recovering,
                    });
                    prop_assert!(cc.cwnd() >= before);
                    if !used || recovering {
                        prop_assert_eq!(cc.cwnd(), before);
                    }
                    // Reno adds a whole MTU for the bytes of several SACKs; CUBIC may have fallen
                    // behind Reno's window.
                    if before <= cc.ssthresh() {
                        prop_assert!(cc.cwnd() - before <= bytes.min(8 * mtu));
                    }
                }
                Told::Loss => {
                    cc.on_loss();
                    prop_assert!(cc.cwnd() <= before.max(4 * mtu));
                    prop_assert_eq!(cc.cwnd(), cc.ssthresh());
                }
                Told::Timeout => {
                    cc.on_timeout();
                    prop_assert_eq!(cc.cwnd(), mtu);
                    prop_assert!(cc.ssthresh() <= before.max(4 * mtu));
                }
                Told::Idle(periods) => {
                    cc.on_idle(periods);
                    prop_assert!(cc.cwnd() <= before);
                }
                Told::Mtu(new) => {
                    cc.set_mtu(new);
                    mtu = new.clamp(1, 1 << 16);
                }
            }
            prop_assert!((mtu..=CWND_MAX).contains(&cc.cwnd()), "{:?}: {}", told, cc.cwnd());
            prop_assert!(cc.ssthresh() <= CWND_MAX);
        }
    }
}
