// SPDX-License-Identifier: GPL-2.0

//! How much gets through a link of 100 Mbit/s that loses packets at random, next to what two
//! classical models of congestion control by AIMD expect:
//!
//! - Mathis, Semke, Mahdavi and Ott (1997): MSS / RTT * sqrt(3 / 2p);
//! - Padhye, Firoiu, Towsley and Kurose (1998), which has timeouts, too, here of RTO.Min.
//!
//! Both without delayed acknowledgements, since cwnd grows by bytes that were acknowledged, not by
//! SACKs. The queue in front of the link is as long as one bandwidth-delay product.

use std::{fmt::Write, fs, path::PathBuf};

use super::{
    link::{Link, Rate},
    Net, A, Z,
};
use crate::{
    engine::{
        assoc::{Message, Policy},
        stats::Counter,
        time::Duration,
    },
    tests::support::payload::Bytes,
};

/// 100 Mbit/s.
const RATE: u64 = 12_500_000;

const MESSAGE: usize = 32 << 10;

/// A packet's payload with an MTU of 1500.
const MSS: f64 = 1452.0;

/// So long a transfer is measured, after it has found its pace.
const WARM_UP: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(30);

struct Figures {
    mbit: f64,
    fast: u64,
    timeouts: u64,
}

/// As RFC 9260 has it to the letter, or the defaults.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Strict,
    Default,
}

fn measure(mode: Mode, rtt: Duration, loss: u32) -> Figures {
    let mut net = Net::new(u64::from(loss) + rtt.0);
    net.record = false;
    net.check = false;
    net.link.delay = Duration(rtt.0 / 2);
    let queue = RATE * rtt.0 / 1_000_000_000;
    let rate = Some(Rate { bytes: RATE, queue });
    for (to, loss) in [(Z, loss), (A, 0)] {
        let link = Link {
            rate,
            loss,
            ..net.link.clone()
        };
        net.links.insert((0, to), link);
    }
    for host in &mut net.hosts {
        host.config.rcvbuf = 32 << 20;
    }
    match mode {
        Mode::Strict => net.strict(),
        Mode::Default => {}
    }
    net.open();
    let data = Bytes::new(&[7; MESSAGE]);
    let begin = net.now.plus(WARM_UP);
    let end = begin.plus(MEASURED);
    let mut bytes = 0;
    let mut before = (0, 0);
    let counters = |net: &Net| {
        let a = &net.hosts[A];
        (
            a.counter(Counter::FastRetransmits),
            a.counter(Counter::T3RtxExpireds),
        )
    };
    while net.now < end {
        while net.hosts[A].assoc().unsent_bytes() < 8 * MESSAGE {
            let message = Message {
                stream: 0,
                ppid: [0; 4],
                unordered: false,
                end: true,
                sack_immediately: false,
                policy: Policy::Reliable,
                to: None,
                context: 0,
                payload: data.clone(),
            };
            net.with(A, |assoc, cx| assoc.send(cx, message)).unwrap();
        }
        net.step();
        let got: usize = net.hosts[Z].got.drain(..).map(|m| m.bytes.len()).sum();
        if net.now >= begin {
            bytes += got;
        } else {
            before = counters(&net);
        }
    }
    let after = counters(&net);
    Figures {
        mbit: bytes as f64 * 8.0 / 1e6 / (MEASURED.0 as f64 / 1e9),
        fast: after.0 - before.0,
        timeouts: after.1 - before.1,
    }
}

/// In Mbit/s; no more than the link has.
fn mathis(rtt: f64, p: f64) -> f64 {
    bounded(MSS / rtt * (1.5 / p).sqrt())
}

fn pftk(rtt: f64, p: f64) -> f64 {
    let timeout = 1.0_f64.max(2.0 * rtt);
    let loss = rtt * (2.0 * p / 3.0).sqrt();
    let wait = timeout * (3.0 * (3.0 * p / 8.0).sqrt()).min(1.0) * p * (1.0 + 32.0 * p * p);
    bounded(MSS / (loss + wait))
}

fn bounded(bytes_per_second: f64) -> f64 {
    (bytes_per_second * 8.0 / 1e6).min(RATE as f64 * 8.0 / 1e6 * MSS / 1500.0)
}

/// The case that everybody compares: 100 Mbit/s, 50 ms, 1 % of loss.
#[test]
fn random_losses_cost_no_more_than_the_equation_says() {
    let (rtt, loss) = (Duration::from_millis(50), 10);
    for mode in [Mode::Strict, Mode::Default] {
        let f = measure(mode, rtt, loss);
        let expected = mathis(0.050, 0.01);
        assert!(f.mbit > 0.9 * expected, "{mode:?}: {} Mbit/s", f.mbit);
        assert!(f.mbit < 2.0 * expected, "{mode:?}: {} Mbit/s", f.mbit);
    }
}

/// Takes a while: `tools/sctp/sim.sh goodput`.
#[test]
#[ignore = "a measurement, not a test"]
fn goodput() {
    let mut table = String::new();
    writeln!(
        table,
        "Mbit/s through 100 Mbit/s; in parentheses fast retransmits and timeouts in 30 s\n"
    )
    .unwrap();
    let rule = "======  ======  =======  =======  =================  =================";
    writeln!(table, "{rule}").unwrap();
    writeln!(
        table,
        "RTT     loss    Mathis   PFTK     RFC 9260           CUBIC"
    )
    .unwrap();
    writeln!(table, "{rule}").unwrap();
    for rtt in [10, 50, 100] {
        for loss in [0, 1, 10, 30] {
            let (p, seconds) = (f64::from(loss) / 1e3, f64::from(rtt) / 1e3);
            write!(
                table,
                "{rtt:3} ms  {:4.1} %  {:7.2}  {:7.2}",
                p * 100.0,
                mathis(seconds, p),
                pftk(seconds, p)
            )
            .unwrap();
            for mode in [Mode::Strict, Mode::Default] {
                let f = measure(mode, Duration::from_millis(rtt), loss);
                let rest = format!("({}, {})", f.fast, f.timeouts);
                write!(table, "  {:6.2} {rest:10}", f.mbit).unwrap();
            }
            writeln!(table).unwrap();
            eprintln!("{}", table.lines().last().unwrap());
        }
    }
    writeln!(table, "{rule}").unwrap();
    println!("{table}");
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../build/sim");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("goodput.txt"), table).unwrap();
}
