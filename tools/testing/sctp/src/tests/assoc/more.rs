// SPDX-License-Identifier: GPL-2.0

//! Messages whose sender says that more follows: they wait for it, to fill packets.

use crate::engine::{event::Closed, time::Duration};
use crate::tests::sim::{message, pattern, Net, A, Z};

const MTU: usize = 1480;

fn send(net: &mut Net, i: u64, len: usize, more: bool) {
    net.with(A, |assoc, cx| {
        assoc.set_more_follows(more);
        assoc.send(cx, message(0, false, &pattern(i, len)))
    })
    .unwrap();
}

fn connected(nodelay: bool) -> Net {
    let mut net = Net::new(60);
    net.hosts[A].config.nodelay = nodelay;
    net.open();
    net.sent.clear();
    net
}

/// Lengths of the packets with DATA.
fn lengths(net: &Net) -> Vec<usize> {
    let data = net.sent.iter().filter(|p| !p.tsns().is_empty());
    data.map(|p| p.bytes.len()).collect()
}

#[test]
fn what_is_followed_by_more_waits_for_it() {
    for nodelay in [false, true] {
        let mut net = connected(nodelay);
        for i in 0..3 {
            send(&mut net, i, 100, true);
            net.run_for(Duration::from_secs(100));
        }
        assert_eq!(lengths(&net), []);
        send(&mut net, 3, 100, false);
        net.run_until(|net| net.hosts[Z].got.len() == 4);
        assert_eq!(lengths(&net), [12 + 4 * 116]);
        // And it is over then.
        net.settle();
        net.send(A, 0, &pattern(4, 100));
        net.run_until(|net| net.hosts[Z].got.len() == 5);
        net.finish(A);
    }
}

#[test]
fn full_packets_leave() {
    for nodelay in [false, true] {
        let mut net = connected(nodelay);
        for i in 0..30 {
            send(&mut net, i, 100, true);
        }
        net.settle();
        // Twelve messages in each.
        let full = 12 + 12 * 116;
        assert_eq!(lengths(&net), [full; 2]);
        assert_eq!(net.hosts[Z].got.len(), 24);
        // One that has to be cut is not held up in the middle, and neither is what comes before.
        send(&mut net, 30, 5000, true);
        net.run_until(|net| net.hosts[Z].got.len() == 31);
        assert!(lengths(&net).iter().all(|len| *len <= MTU));
        net.finish(A);
    }
}

#[test]
fn the_user_takes_it_back() {
    let mut net = connected(true);
    send(&mut net, 1, 100, true);
    net.run_for(Duration::from_secs(1));
    assert_eq!(lengths(&net), []);
    net.with(A, |assoc, _| assoc.set_more_follows(false));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    net.finish(A);
}

#[test]
fn nothing_follows_a_shutdown() {
    let mut net = connected(false);
    send(&mut net, 1, 100, true);
    net.run_for(Duration::from_secs(1));
    net.shutdown(A);
    net.run_until(|net| net.hosts[A].end().is_some());
    assert_eq!(net.hosts[A].end(), Some(Closed::Shutdown));
    assert_eq!(net.hosts[Z].got.len(), 1);
}

/// The first message is with the COOKIE ECHO in any case.
#[test]
fn before_the_association_is_up_nothing_waits() {
    let mut net = Net::new(61);
    net.hosts[Z].listens = true;
    net.connect(A);
    send(&mut net, 1, 100, true);
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    send(&mut net, 2, 100, true);
    net.run_for(Duration::from_secs(1));
    assert_eq!(net.hosts[Z].got.len(), 1);
    send(&mut net, 3, 100, false);
    net.run_until(|net| net.hosts[Z].got.len() == 3);
    net.finish(A);
}
