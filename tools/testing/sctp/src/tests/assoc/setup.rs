// SPDX-License-Identifier: GPL-2.0

//! Setting up: RFC 9260, 5.

use crate::engine::{
    assoc::State, event::Closed, stats::Counter, time::Duration, wire::chunk::ChunkType,
};
use crate::tests::sim::{Fate, Net, Seen, A, Z};

#[test]
fn handshake_takes_four_packets() {
    let net = Net::connected(1);
    for host in &net.hosts {
        assert_eq!(host.state(), State::Established);
        assert_eq!(host.seen, [Seen::Up]);
        assert_eq!(host.packets, 2);
    }
    let (a, z) = (net.hosts[A].assoc(), net.hosts[Z].assoc());
    assert_eq!(a.local_tag(), z.peer_tag());
    assert_eq!(a.peer_tag(), z.local_tag());
    assert_eq!(a.out_streams(), z.in_streams());
    assert_eq!(a.in_streams(), z.out_streams());
    assert_eq!(net.hosts[A].counter(Counter::ActiveEstabs), 1);
    assert_eq!(net.hosts[Z].counter(Counter::PassiveEstabs), 1);
}

/// Each packet of the handshake may get lost, also several times.
#[test]
fn handshake_survives_losses() {
    for kind in [
        ChunkType::Init,
        ChunkType::InitAck,
        ChunkType::CookieEcho,
        ChunkType::CookieAck,
    ] {
        for n in [1, 3] {
            let mut net = Net::new(2);
            net.lose_first(kind, n);
            net.open();
            net.send(A, 0, b"after all");
            net.run_until(|net| net.hosts[Z].got.len() == 1);
            net.finish(A);
        }
    }
}

#[test]
fn nobody_answers() {
    let mut net = Net::new(3);
    net.filter(|_| Fate::Lose);
    net.connect(A);
    let start = net.now;
    net.run_until(|net| net.hosts[A].assoc.is_none());
    assert_eq!(net.hosts[A].end(), Some(Closed::TimedOut { setup: true }));
    // Max.Init.Retransmits is 8; 1 + 2 + 4 + … + 32 + 60 + 60 + 60 s.
    assert_eq!(net.hosts[A].packets, 9);
    let took = net.now.since(start);
    assert_eq!(took, Duration::from_secs(63 + 3 * 60));
}

#[test]
fn nobody_listens() {
    let mut net = Net::new(4);
    net.connect(A);
    net.run_until(|net| net.hosts[A].assoc.is_none());
    let end = net.hosts[A].end();
    assert_eq!(
        end,
        Some(Closed::PeerAborted {
            cause: 0,
            setup: true
        })
    );
}
