// SPDX-License-Identifier: GPL-2.0

//! The end: RFC 9260, 9.

use crate::engine::{
    assoc::State,
    event::Closed,
    stats::Counter,
    time::Duration,
    wire::{cause, chunk::ChunkType, control},
};
use crate::tests::sim::{pattern, Fate, Net, Seen, A, Z};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

fn all_over(net: &mut Net) {
    net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
}

#[test]
fn graceful_from_one_side() {
    let mut net = Net::connected(1);
    net.shutdown(A);
    all_over(&mut net);
    assert_eq!(
        net.hosts[A].seen,
        [Seen::Up, Seen::Closed(Closed::Shutdown)]
    );
    assert_eq!(
        net.hosts[Z].seen,
        [Seen::Up, Seen::PeerShutdown, Seen::Closed(Closed::Shutdown)]
    );
    for host in &net.hosts {
        assert_eq!(host.counter(Counter::Shutdowns), 1);
        assert_eq!(host.counter(Counter::Aborteds), 0);
    }
}

/// Whoever has got a part of a message is told that the rest will not come, whoever ends it.
#[test]
fn end_amid_a_delivery_in_parts() {
    for who in [A, Z] {
        let mut net = Net::new(20);
        net.hosts[Z].config.partial_delivery_point = 1;
        net.open();
        let message = pattern(1, 50_000);
        net.send(A, 0, &message);
        net.run_until(|net| net.hosts[Z].waits_for_rest());
        net.with(who, |assoc, cx| {
            assoc.abort(cx, cause::USER_INITIATED_ABORT, &[]);
        });
        all_over(&mut net);
        let z = &net.hosts[Z];
        assert!(z.got.is_empty());
        assert_eq!(z.cut.len(), 1);
        assert!(message.starts_with(&z.cut[0].bytes));
    }
}

#[test]
fn graceful_from_both_sides() {
    for apart in [0, 3, 10, 12, 20] {
        let mut net = Net::connected(2);
        net.shutdown(A);
        net.run_for(ms(apart));
        if net.hosts[Z].assoc.is_some() {
            net.shutdown(Z);
        }
        all_over(&mut net);
        for host in &net.hosts {
            assert_eq!(host.end(), Some(Closed::Shutdown));
        }
    }
}

/// All data gets through first, in both directions, whatever gets lost.
#[test]
fn data_comes_first() {
    for seed in 0..20 {
        for both in [false, true] {
            let mut net = Net::connected(seed);
            net.link.loss = 100;
            net.link.jitter = ms(10);
            for i in 0..30 {
                net.send(A, 0, &pattern(i, 3000));
                net.send(Z, 0, &pattern(!i, 2000));
            }
            net.run_for(ms(seed as u32 * 7));
            net.shutdown(A);
            if both && net.hosts[Z].assoc.is_some() {
                net.shutdown(Z);
            }
            all_over(&mut net);
            for host in &net.hosts {
                assert_eq!(host.end(), Some(Closed::Shutdown));
            }
            for (who, flip) in [(Z, 0), (A, u64::MAX)] {
                let len = if who == Z { 3000 } else { 2000 };
                let got: Vec<_> = net.hosts[who].got.iter().map(|m| &m.bytes).collect();
                assert_eq!(got.len(), 30);
                for (i, bytes) in got.into_iter().enumerate() {
                    assert_eq!(*bytes, pattern(i as u64 ^ flip, len));
                }
            }
        }
    }
}

#[test]
fn each_packet_may_get_lost() {
    for kind in [
        ChunkType::Shutdown,
        ChunkType::ShutdownAck,
        ChunkType::ShutdownComplete,
    ] {
        for n in [1, 2, 4] {
            for both in [false, true] {
                let mut net = Net::connected(3);
                net.lose_first(kind, n);
                net.shutdown(A);
                if both {
                    net.shutdown(Z);
                }
                all_over(&mut net);
                for host in &net.hosts {
                    assert_eq!(host.end(), Some(Closed::Shutdown), "{kind:?}");
                }
            }
        }
    }
}

#[test]
fn nobody_answers_a_shutdown() {
    let mut net = Net::connected(4);
    net.filter(|_| Fate::Lose);
    let start = net.now;
    net.shutdown(A);
    net.run_until(|net| net.hosts[A].assoc.is_none());
    assert_eq!(net.hosts[A].end(), Some(Closed::TimedOut { setup: false }));
    // T5-shutdown-guard: 5 times RTO.Max.
    assert_eq!(net.now.since(start), Duration::from_secs(300));
    assert_eq!(net.hosts[A].counter(Counter::T5ShutdownGuardExpireds), 1);
}

/// The peer goes on sending, and this side goes on acknowledging, until it is done.
#[test]
fn peer_still_has_data() {
    let mut net = Net::connected(5);
    for i in 0..100 {
        net.send(Z, 0, &pattern(i, 3000));
    }
    net.run_for(ms(5));
    net.shutdown(A);
    assert_eq!(net.hosts[A].state(), State::ShutdownSent);
    all_over(&mut net);
    assert_eq!(net.hosts[A].got.len(), 100);
    assert_eq!(net.hosts[A].end(), Some(Closed::Shutdown));
}

#[test]
fn abort_by_the_user() {
    let mut net = Net::connected(6);
    for i in 0..100 {
        net.send(A, 0, &pattern(i, 3000));
    }
    net.run_for(ms(30));
    net.keep = true;
    net.with(A, |assoc, cx| {
        assoc.abort(cx, cause::USER_INITIATED_ABORT, b"enough")
    });
    assert!(net.hosts[A].assoc.is_none());
    assert_eq!(
        net.hosts[A].end(),
        Some(Closed::Aborted {
            cause: cause::USER_INITIATED_ABORT,
            setup: false
        })
    );
    net.run_until(|net| net.hosts[Z].assoc.is_none());
    assert_eq!(
        net.hosts[Z].end(),
        Some(Closed::PeerAborted {
            cause: cause::USER_INITIATED_ABORT,
            setup: false
        })
    );
    let abort = net.kept.iter().find(|p| p.has(ChunkType::Abort)).unwrap();
    assert!(abort.any(|c| control::first_cause(c).is_some_and(|c| c.value == b"enough")));
}

/// What was received before an ABORT came can still be read.
#[test]
fn data_before_an_abort() {
    let mut net = Net::connected(7);
    net.send(A, 0, b"heard");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    net.with(A, |assoc, cx| assoc.abort(cx, 0, &[]));
    net.run_until(|net| net.hosts[Z].assoc.is_none());
    assert_eq!(net.hosts[Z].got[0].bytes, b"heard");
}

/// In every state of a shutdown.
#[test]
fn abort_at_any_time() {
    for after in 0..40 {
        let mut net = Net::connected(8);
        net.send(A, 0, b"x");
        net.shutdown(A);
        net.shutdown(Z);
        net.run_for(ms(after));
        for who in [A, Z] {
            if net.hosts[who].assoc.is_some() {
                net.with(who, |assoc, cx| assoc.abort(cx, 12, b"bye"));
            }
        }
        all_over(&mut net);
        assert!(net.hosts.iter().all(|h| h.end().is_some()));
    }
}

/// A peer that is gone says so out of the blue.
#[test]
fn peer_has_forgotten() {
    let mut net = Net::connected(9);
    net.hosts[Z].assoc = None;
    net.send(A, 0, b"anybody?");
    net.run_until(|net| net.hosts[A].assoc.is_none());
    assert_eq!(
        net.hosts[A].end(),
        Some(Closed::PeerAborted {
            cause: 0,
            setup: false
        })
    );
}

#[test]
fn shutdown_twice_is_once() {
    let mut net = Net::connected(10);
    net.send(A, 0, b"x");
    net.shutdown(A);
    net.shutdown(A);
    net.run_for(ms(15));
    if net.hosts[A].assoc.is_some() {
        net.shutdown(A);
    }
    all_over(&mut net);
    assert_eq!(net.hosts[A].end(), Some(Closed::Shutdown));
}
