// SPDX-License-Identifier: GPL-2.0

//! How long it takes to leave a primary path that dies under load, for the bounds that RTO.Min,
//! Path.Max.Retrans and PotentiallyFailed.Max.Retrans set (RFC 9260, 8.2; RFC 7829, 4.2). With
//! `--nocapture` the table of the documentation is printed.

use super::{pattern, Fate, Net, A, Z};
use crate::engine::{
    addr::IpAddr,
    config::PathConfig,
    time::{Duration, Time},
};

/// What a dead path costs.
struct Outage {
    /// The RTO when it died.
    rto: Duration,
    /// Until new DATA goes over the other one.
    left: Duration,
    /// The longest time without a delivery.
    silence: Duration,
}

const RTT: Duration = Duration::from_millis(20);

/// A sender that always has something to send, a message each 10 ms, and a primary path that dies.
fn outage(rto_min: Duration, path: PathConfig) -> Outage {
    let mut net = Net::multihomed(1, 2);
    net.hosts[A].config.rto_min = rto_min;
    net.hosts[A].config.path = path;
    net.open();
    let pause = Duration::from_millis(10);
    let mut number = 0;
    let mut send = |net: &mut Net| {
        number += 1;
        net.send(A, 0, &pattern(number, 1000));
        net.run_for(pause);
    };
    for _ in 0..500 {
        send(&mut net);
    }
    let (start, rto) = (net.now, net.hosts[A].assoc().paths()[0].rto.get());
    net.filter(|packet| match packet.dst.ip {
        IpAddr::V4(ip) if ip.octets()[1] == 0 => Fate::Lose,
        IpAddr::V4(_) | IpAddr::V6(_) => Fate::Pass,
    });
    let (mut last, mut silence): (Time, Duration) = (start, Duration::ZERO);
    let mut got = net.hosts[Z].got.len();
    let mut left = None;
    while net.now.since(start) < Duration::from_secs(120) {
        send(&mut net);
        if left.is_none() && !net.hosts[A].assoc().paths()[0].is_active() {
            left = Some(net.now.since(start));
        }
        if net.hosts[Z].got.len() > got {
            silence = silence.max(net.now.since(last));
            (last, got) = (net.now, net.hosts[Z].got.len());
        }
    }
    net.no_filter();
    net.finish(A);
    Outage {
        rto,
        left: left.expect("a dead path is used"),
        silence,
    }
}

/// So many time-outs in a row.
fn time_outs(rto: Duration, n: u32) -> Duration {
    let most = Duration::from_secs(60).0;
    Duration((0..n).map(|i| (rto.0 << i).min(most)).sum())
}

#[test]
fn a_dead_path_is_left_within_its_bounds() {
    println!("RTO.Min  PFMR  PMR  bound    left     silence");
    for rto_min in [200, 1000].map(Duration::from_millis) {
        for (pf_retrans, path_max_retrans) in [(0, 5), (1, 5), (5, 5), (2, 2), (0, 0)] {
            let path = PathConfig {
                pf_retrans,
                path_max_retrans,
                ..PathConfig::default()
            };
            let outage = outage(rto_min, path);
            // Nothing is potentially failed if the path is inactive by then.
            let failures = pf_retrans.min(path_max_retrans) + 1;
            let bound = time_outs(outage.rto, failures);
            let seconds = |span: Duration| span.0 as f64 / 1e9;
            println!(
                "{:5.1} s  {pf_retrans:4}  {path_max_retrans:3}  {:5.2} s  {:5.2} s  {:5.2} s",
                seconds(rto_min),
                seconds(bound),
                seconds(outage.left),
                seconds(outage.silence)
            );
            // T3-rtx was last started when a SACK came, at most a round trip after the path died,
            // and the test looks each 10 ms.
            let slack = RTT.doubled();
            assert!(outage.left <= bound.plus(slack), "left too late");
            assert!(outage.left.plus(slack) >= bound, "left too early");
            let last = outage.rto.0 << (failures - 1);
            assert!(outage.silence.0 <= last + slack.0, "silent for too long");
        }
    }
}
