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

/// DATA goes with the COOKIE ECHO, and gets through if that packet is lost, also more than once.
#[test]
fn data_with_the_cookie() {
    for (lost, took) in [(0, 30), (1, 1030), (3, 7030)] {
        let mut net = Net::new(14);
        net.lose_first(ChunkType::CookieEcho, lost);
        net.hosts[Z].listens = true;
        net.connect(A);
        let start = net.now;
        for i in 0..4 {
            net.send(A, 0, &[i; 700]);
        }
        net.run_until(|net| !net.hosts[Z].got.is_empty());
        let span = net.now.since(start);
        assert_eq!(span, Duration::from_millis(took));
        net.run_until(|net| net.hosts[Z].got.len() == 4);
        assert!(net.hosts[A].assoc().paths()[0].errors == 0);
        net.run_for(Duration::from_millis(50));
        net.finish(A);
    }
}

/// The cookie is too old, so the DATA that went with it goes again.
#[test]
fn data_with_a_stale_cookie() {
    let mut net = Net::new(15);
    net.hosts[Z].config.valid_cookie_life = Duration::from_secs(5);
    let mut n = 0;
    net.filter(move |p| {
        n += u32::from(p.has(ChunkType::CookieEcho));
        match n {
            0 => Fate::Pass,
            1 => {
                n += 1;
                Fate::Delay(Duration::from_secs(7))
            }
            2..=4 if p.has(ChunkType::CookieEcho) => Fate::Lose,
            _ => Fate::Pass,
        }
    });
    net.hosts[Z].listens = true;
    net.connect(A);
    net.send(A, 0, b"at last");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    assert!(net.sent.iter().filter(|p| p.has(ChunkType::Init)).count() > 1);
    net.run_for(Duration::from_millis(500));
    net.finish(A);
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

/// The peer has answered at last: its COOKIE ACK is not waited for as long as its INIT ACK was.
#[test]
fn cookie_echo_is_not_backed_off_by_the_init() {
    let mut net = Net::new(20);
    net.hosts[Z].listens = true;
    let (mut inits, mut cookies) = (4, 1);
    net.filter(move |packet| {
        let left = match packet.kinds()[0] {
            ChunkType::Init => &mut inits,
            ChunkType::CookieEcho => &mut cookies,
            _ => return Fate::Pass,
        };
        if *left == 0 {
            return Fate::Pass;
        }
        *left -= 1;
        Fate::Lose
    });
    let start = net.now;
    net.connect(A);
    net.run_until(|net| net.hosts[A].seen.contains(&Seen::Up));
    // T1-init expired after 1, 2, 4 and 8 s, and T1-cookie after one RTO.
    let took = net.now.since(start);
    assert!(took < Duration::from_secs(17), "{took:?}");
}

/// What each side is told that the other user is (RFC 5061, 4.2.6).
fn learnt(net: &Net) -> [Option<u32>; 2] {
    [A, Z].map(|who| net.hosts[who].assoc().peer_adaptation_code_point())
}

#[test]
fn either_side_learns_what_the_other_user_is() {
    for (a, z) in [
        (None, None),
        (Some(7), None),
        (None, Some(0)),
        (Some(1), Some(u32::MAX)),
    ] {
        let mut net = Net::new(21);
        net.hosts[A].config.adaptation_code_point = a;
        net.hosts[Z].config.adaptation_code_point = z;
        net.open();
        assert_eq!(learnt(&net), [z, a]);
        // As after a restart: it is another user then.
        net.hosts[A].config.adaptation_code_point = Some(8);
        crash_and_reconnect(&mut net);
        assert_eq!(learnt(&net), [z, Some(8)]);
    }
}

#[test]
fn both_learn_what_the_other_user_is_if_they_begin_at_once() {
    let mut net = Net::new(22);
    net.hosts[A].config.adaptation_code_point = Some(1);
    net.hosts[Z].config.adaptation_code_point = Some(2);
    net.connect(A);
    net.connect(Z);
    net.run_until(|net| net.hosts.iter().all(|h| h.state() == State::Established));
    assert_eq!(learnt(&net), [Some(2), Some(1)]);
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

// Collisions (5.2.1) and restarts (5.2.2 to 5.2.4).

/// Sends something both ways and ends the association.
fn prove(net: &mut Net) {
    let before = [net.hosts[A].got.len(), net.hosts[Z].got.len()];
    net.send(A, 1, b"there");
    net.send(Z, 2, b"back");
    net.run_until(|net| net.hosts[A].got.len() > before[A] && net.hosts[Z].got.len() > before[Z]);
    assert_eq!(net.hosts[Z].got.last().unwrap().bytes, b"there");
    assert_eq!(net.hosts[A].got.last().unwrap().bytes, b"back");
    let (a, z) = (net.hosts[A].assoc(), net.hosts[Z].assoc());
    assert_eq!(a.local_tag(), z.peer_tag());
    assert_eq!(a.peer_tag(), z.local_tag());
    net.finish(A);
}

#[test]
fn both_connect_at_once() {
    let mut net = Net::new(5);
    net.connect(A);
    net.connect(Z);
    net.run_until(|net| {
        net.hosts
            .iter()
            .all(|h| h.state() == State::Established && h.seen == [Seen::Up])
    });
    prove(&mut net);
}

/// The second INIT comes at any point of the first handshake, and packets get lost.
#[test]
fn both_connect_at_any_time() {
    for after in 0..45 {
        for seed in 0..8 {
            for listens in [false, true] {
                let mut net = Net::new(seed);
                net.hosts[Z].listens = listens;
                net.hosts[A].listens = listens;
                net.link.jitter = Duration::from_millis(3);
                net.link.loss = if seed < 2 { 0 } else { 150 };
                net.connect(A);
                net.run_for(Duration::from_millis(after));
                if net.hosts[Z].assoc.is_none() {
                    net.connect(Z);
                }
                net.run_until(|net| {
                    net.hosts
                        .iter()
                        .all(|h| h.end().is_some() || h.state() == State::Established)
                });
                // An INIT may meet a host that neither listens nor connects yet.
                let aborted = net.hosts.iter().any(|h| h.end().is_some());
                if !aborted {
                    prove(&mut net);
                }
            }
        }
    }
}

/// A host loses all it knows of the association and sets up another one with the same ports.
fn crash_and_reconnect(net: &mut Net) {
    net.hosts[A].assoc = None;
    net.hosts[A].seen.clear();
    net.hosts[A].got.clear();
    net.connect(A);
    net.run_until(|net| {
        net.hosts[A].seen.contains(&Seen::Up) && net.hosts[Z].seen.contains(&Seen::Restarted)
    });
}

#[test]
fn peer_restarts() {
    for loss in [0, 200] {
        for seed in 0..10 {
            let mut net = Net::connected(seed);
            net.send(A, 1, b"before");
            net.run_until(|net| net.hosts[Z].got.len() == 1);
            let old = net.hosts[Z].assoc().local_tag();
            net.link.loss = loss;
            crash_and_reconnect(&mut net);
            assert_ne!(net.hosts[Z].assoc().local_tag(), old);
            assert_eq!(net.hosts[Z].seen, [Seen::Up, Seen::Restarted]);
            prove(&mut net);
        }
    }
}

/// Data is under way in both directions when it happens, and packets of the old association come
/// late.
#[test]
fn peer_restarts_in_the_middle() {
    for seed in 0..10 {
        let mut net = Net::connected(seed);
        net.link.jitter = Duration::from_millis(40);
        for i in 0..40u64 {
            net.send(A, 1, &vec![i as u8; 3000]);
            net.send(Z, 1, &vec![i as u8; 3000]);
        }
        net.run_for(Duration::from_millis(60 + seed as u32 * 11));
        crash_and_reconnect(&mut net);
        net.run_for(Duration::from_secs(5));
        prove(&mut net);
    }
}

/// A restart while this side shuts down: the shutdown is forgotten (5.2.4, A).
#[test]
fn peer_restarts_during_shutdown() {
    let mut net = Net::connected(6);
    net.filter(|_| Fate::Lose);
    net.shutdown(Z);
    net.settle();
    assert_eq!(net.hosts[Z].state(), State::ShutdownSent);
    net.no_filter();
    crash_and_reconnect(&mut net);
    prove(&mut net);
}

/// In SHUTDOWN-ACK-SENT an INIT is answered with SHUTDOWN ACK, which the new association there
/// answers with SHUTDOWN COMPLETE, T bit set (8.5.1 E, 9.2).
#[test]
fn peer_restarts_in_shutdown_ack_sent() {
    let mut net = Net::connected(7);
    net.lose_first(ChunkType::ShutdownAck, u32::MAX);
    net.shutdown(A);
    net.run_for(Duration::from_millis(100));
    assert_eq!(net.hosts[Z].state(), State::ShutdownAckSent);
    net.no_filter();
    net.hosts[A].assoc = None;
    net.hosts[A].seen.clear();
    net.connect(A);
    net.run_until(|net| net.hosts[Z].end().is_some());
    assert_eq!(net.hosts[Z].end(), Some(Closed::Shutdown));
    net.hosts[Z].seen.clear();
    net.run_until(|net| {
        net.hosts[A].seen.contains(&Seen::Up) && net.hosts[Z].seen.contains(&Seen::Up)
    });
    prove(&mut net);
}

#[test]
fn cookie_comes_back_too_late() {
    let mut net = Net::new(8);
    net.hosts[Z].config.valid_cookie_life = Duration::from_secs(5);
    let mut n = 0;
    net.filter(move |p| {
        if p.has(ChunkType::CookieEcho) {
            n += 1;
            if n == 1 {
                return Fate::Delay(Duration::from_secs(7));
            }
            if n < 5 {
                return Fate::Lose;
            }
        }
        Fate::Pass
    });
    net.open();
    prove(&mut net);
}

/// A COOKIE ECHO that comes again is answered and changes nothing (5.2.4, D).
#[test]
fn cookie_echo_comes_twice() {
    let mut net = Net::new(9);
    net.keep = true;
    net.open();
    let echo = net
        .kept
        .iter()
        .find(|p| p.has(ChunkType::CookieEcho))
        .unwrap()
        .clone();
    net.send(A, 1, b"first");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    let before = net.hosts[Z].packets;
    for n in 1..=1000 {
        net.deliver(echo.clone());
        net.settle();
        assert!(net.hosts[Z].packets - before <= n, "more out than in");
    }
    assert_eq!(net.hosts[Z].seen, [Seen::Up]);
    prove(&mut net);
}

/// After the association has ended, its cookie makes another one at most as long as it is good.
#[test]
fn old_cookie() {
    let mut net = Net::new(10);
    net.keep = true;
    net.open();
    let echo = net
        .kept
        .iter()
        .find(|p| p.has(ChunkType::CookieEcho))
        .unwrap()
        .clone();
    net.finish(A);
    net.run_for(Duration::from_secs(61));
    net.deliver(echo);
    assert!(net.hosts[Z].assoc.is_none());
}

#[test]
fn shutdown_before_anything() {
    let mut net = Net::new(11);
    net.hosts[Z].listens = true;
    net.connect(A);
    net.shutdown(A);
    assert_eq!(net.hosts[A].end(), Some(Closed::Shutdown));
    assert!(net.hosts[A].assoc.is_none());
}

/// Messages that were sent before the association was up get there even so.
#[test]
fn shutdown_while_messages_wait() {
    for after in [0, 15, 25, 35, 45] {
        let mut net = Net::new(12);
        net.hosts[Z].listens = true;
        net.connect(A);
        net.send(A, 0, b"last words");
        net.run_for(Duration::from_millis(after));
        net.shutdown(A);
        net.run_until(|net| net.hosts.iter().all(|h| h.end().is_some()));
        assert_eq!(net.hosts[Z].got.len(), 1);
        assert_eq!(net.hosts[A].end(), Some(Closed::Shutdown));
        assert_eq!(net.hosts[Z].end(), Some(Closed::Shutdown));
    }
}

/// The first round-trip time is measured in the handshake.
#[test]
fn handshake_measures() {
    let mut net = Net::new(13);
    net.link.delay = Duration::from_millis(700);
    net.hosts[A].config.rto_initial = Duration::from_secs(3);
    net.open();
    let path = &net.hosts[A].assoc().paths()[0];
    assert_eq!(path.rto.srtt(), Duration::from_millis(1400));
}
