// SPDX-License-Identifier: GPL-2.0

//! User data from one end to the other.

use crate::engine::time::Duration;
use crate::tests::sim::{pattern, Link, Net, A, Z};

#[test]
fn one_message() {
    let mut net = Net::connected(10);
    net.send(A, 3, b"hello");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    let got = &net.hosts[Z].got[0];
    assert_eq!((got.stream, got.bytes.as_slice()), (3, &b"hello"[..]));
    net.finish(A);
}

#[test]
fn both_ways_with_loss_and_reordering() {
    for seed in 0..20 {
        let mut net = Net::connected(seed);
        net.link = Link {
            delay: Duration::from_millis(5),
            jitter: Duration::from_millis(10),
            loss: 50,
            duplicate: 20,
        };
        for n in 0..300u64 {
            for who in [A, Z] {
                let len = 1 + (n * 977 % 5000) as usize;
                net.try_send(who, (n % 7) as u16, n % 3 == 0, &pattern(n, len))
                    .unwrap();
            }
        }
        net.run_until(|net| net.hosts.iter().all(|h| h.got.len() >= 300));
        net.finish(Z);
    }
}
