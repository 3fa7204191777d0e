// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 6.3.1 and 6.3.3 as a table.

use crate::engine::{config::Config, rto::Rto, time::Duration};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

fn config() -> Config {
    Config {
        rto_initial: ms(1000),
        rto_min: ms(10),
        rto_max: ms(60_000),
        ..Config::default()
    }
}

#[test]
fn follows_the_measurements() {
    let mut rto = Rto::new(&config());
    assert_eq!((rto.get(), rto.srtt()), (ms(1000), Duration::ZERO));
    // measured, SRTT, RTTVAR, RTO; in microseconds, by the formulas.
    for (rtt, srtt, rttvar, expected) in [
        (200_000, 200_000, 100_000, 600_000),
        (200_000, 200_000, 75_000, 500_000),
        (120_000, 190_000, 76_250, 495_000),
        (350_000, 210_000, 97_187, 598_750),
    ] {
        rto.measured(Duration(rtt * 1000));
        assert_eq!(rto.srtt().0 / 1000, srtt);
        assert_eq!(rto.rttvar().0 / 1000, rttvar);
        assert_eq!(rto.get().0 / 1000, expected);
    }
}

#[test]
fn variance_of_zero_is_the_granularity() {
    let mut rto = Rto::new(&config());
    for _ in 0..200 {
        rto.measured(ms(100));
    }
    assert_eq!(rto.srtt(), ms(100));
    assert_eq!(rto.get(), ms(101));
}

#[test]
fn keeps_to_its_bounds() {
    let mut rto = Rto::new(&Config::default());
    rto.measured(ms(1));
    assert_eq!(rto.get(), ms(1000), "RTO.Min");
    for expected in [2, 4, 8, 16, 32, 60, 60] {
        rto.back_off();
        assert_eq!(rto.get(), ms(expected * 1000));
    }
    rto.measured(ms(500));
    assert!(rto.get() < ms(2000), "a measurement ends the back-off");
    rto.measured(Duration(u64::MAX));
    assert_eq!(rto.get(), ms(60_000), "RTO.Max");
    rto.set_bounds(ms(1), ms(5));
    assert_eq!(rto.get(), ms(5));
}
