// SPDX-License-Identifier: GPL-2.0

//! ICMP errors about packets of an association: RFC 9260, 10, and RFC 8899, 4.6.

use super::paths::two_paths;
use crate::engine::{
    assoc::State,
    event::Closed,
    icmp::Report,
    path::MIN_MTU,
    stats::{Counter, Reason},
    time::Duration,
    wire::chunk::ChunkType,
};
use crate::tests::sim::{address, pattern, Fate, Net, A, PORT, Z};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

fn mtu(net: &Net) -> usize {
    net.hosts[A].assoc().paths()[0].mtu()
}

/// What is quoted of a packet of A with that tag.
fn quote(tag: u32) -> Vec<u8> {
    let mut bytes = PORT[A].to_be_bytes().to_vec();
    bytes.extend(PORT[Z].to_be_bytes());
    bytes.extend(tag.to_be_bytes());
    bytes
}

/// The same with the tag that A uses.
fn right_quote(net: &Net) -> Vec<u8> {
    quote(net.hosts[A].assoc().peer_tag())
}

/// A router says what is too big: no timeout, and no congestion.
#[test]
fn with_a_router_that_says_so_a_smaller_mtu_costs_a_round_trip() {
    for carries in [1400, 1300, 1000, MIN_MTU] {
        let mut net = Net::connected(1);
        net.icmp = true;
        for i in 0..100 {
            net.send(A, 0, &pattern(i, 10_000));
        }
        net.run_until(|net| net.hosts[Z].got.len() == 30);
        let cwnd = net.hosts[A].assoc().paths()[0].cc.cwnd();
        net.hosts[A].carries = carries;
        net.run_for(ms(40));
        assert_eq!(mtu(&net), carries & !3);
        assert!(net.hosts[A].assoc().paths()[0].cc.cwnd() >= cwnd);
        net.run_until(|net| net.hosts[Z].got.len() == 100);
        assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 0);
        net.finish(A);
    }
}

/// So it is from the start.
#[test]
fn the_first_data_is_too_big() {
    let mut net = Net::connected(2);
    net.icmp = true;
    net.hosts[A].carries = 1380;
    let start = net.now;
    net.send(A, 0, &pattern(1, 100_000));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    assert!(net.now.since(start) < ms(500));
    assert_eq!(mtu(&net), 1380);
    assert!(!net.sent.iter().any(|p| p.has(ChunkType::Pad)));

    // Ten minutes later a probe finds out whether that is still so.
    net.run_for(Duration::from_secs(601));
    let is_probe = |p: &&crate::tests::sim::Flying| p.has(ChunkType::Pad);
    assert_eq!(net.sent.iter().filter(is_probe).count(), 1);
    assert_eq!(mtu(&net), 1380);
    net.hosts[A].carries = 1480;
    net.run_for(Duration::from_secs(600));
    assert_eq!(mtu(&net), 1480);
    net.finish(A);
}

/// Two routers on the way, each with a smaller link.
#[test]
fn one_router_after_the_other() {
    let mut net = Net::connected(3);
    net.icmp = true;
    net.hosts[A].carries = 1400;
    net.send(A, 0, &pattern(1, 20_000));
    net.run_for(ms(5));
    net.hosts[A].carries = 1200;
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    assert_eq!(mtu(&net), 1200);
    assert_eq!(net.hosts[A].counter(Counter::T3RtxExpireds), 0);
    net.finish(A);
}

/// Whoever does not know the tag, or says what cannot be, changes nothing.
#[test]
fn what_is_not_believed() {
    let mut net = Net::connected(4);
    let tag = net.hosts[A].assoc().peer_tag();
    let local = net.hosts[A].assoc().local_tag();
    let peer = address(Z, 0);
    let mut init = quote(0);
    init.extend([0, 0, 0, 0, 1, 0, 0, 100]);
    init.extend((local ^ 1).to_be_bytes());
    for report in [
        Report::TooBig(1200),
        Report::ProtocolUnreachable,
        Report::Unreachable,
    ] {
        for wrong in [quote(tag ^ 1), quote(local), quote(0), init.clone()] {
            let result = net.report(A, &peer, &wrong, report);
            assert_eq!(result, Err(Reason::BadTag));
        }
        let right = quote(tag);
        let result = net.report(A, &address(Z, 3), &right, report);
        assert_eq!(result, Err(Reason::BadAddress));
        let result = net.report(A, &peer, &right[..7], report);
        assert_eq!(result, Err(Reason::Malformed));
    }
    for mtu in [0, 20, 68, 531, 1500, 1503, 9000, u32::MAX] {
        let right = quote(tag);
        let result = net.report(A, &peer, &right, Report::TooBig(mtu));
        assert_eq!(result, Err(Reason::Unexpected), "{mtu}");
    }
    assert_eq!(mtu(&net), 1480);
    assert_eq!(net.hosts[A].state(), State::Established);
    net.finish(A);
}

#[test]
fn what_may_pass_changes_nothing() {
    let mut net = Net::connected(5);
    let right = right_quote(&net);
    let result = net.report(A, &address(Z, 0), &right, Report::Unreachable);
    assert_eq!(result, Ok(()));
    assert!(net.hosts[A].assoc().paths()[0].is_active());
    net.send(A, 0, b"x");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    net.finish(A);
}

/// ICMP8, before the peer has said anything: only an INIT can be quoted.
#[test]
fn nobody_speaks_sctp_there() {
    let mut net = Net::new(6);
    net.filter(|_| Fate::Lose);
    net.connect(A);
    let init = net.last_of(A).bytes.clone();
    let peer = address(Z, 0);
    let report = Report::ProtocolUnreachable;
    assert_eq!(
        net.report(A, &peer, &init[..8], report),
        Err(Reason::BadTag)
    );
    assert_eq!(net.report(A, &peer, &init[..20], report), Ok(()));
    let closed = Closed::PeerAborted {
        cause: 0,
        setup: true,
    };
    assert_eq!(net.hosts[A].end(), Some(closed));
    assert!(net.hosts[A].assoc.is_none(), "and nothing is sent");
    assert_eq!(net.hosts[A].packets, 1);
}

#[test]
fn an_init_that_was_answered_after_all_ends_nothing() {
    let mut net = Net::connected(7);
    let is_init = |p: &&crate::tests::sim::Flying| p.has(ChunkType::Init);
    let init = net.sent.iter().find(is_init).unwrap().bytes.clone();
    let peer = address(Z, 0);
    let result = net.report(A, &peer, &init, Report::ProtocolUnreachable);
    assert_eq!(result, Err(Reason::Unexpected));
    net.finish(A);
}

#[test]
fn the_only_address_does_not_speak_sctp_any_more() {
    let mut net = Net::connected(8);
    let right = right_quote(&net);
    let result = net.report(A, &address(Z, 0), &right, Report::ProtocolUnreachable);
    assert_eq!(result, Ok(()));
    let closed = Closed::PeerAborted {
        cause: 0,
        setup: false,
    };
    assert_eq!(net.hosts[A].end(), Some(closed));
}

/// After the end nothing is left that an error could be about.
#[test]
fn errors_while_it_ends() {
    for report in [
        Report::TooBig(1400),
        Report::ProtocolUnreachable,
        Report::Unreachable,
    ] {
        let mut net = Net::connected(9);
        net.send(A, 0, &pattern(1, 5000));
        net.shutdown(A);
        for _ in 0..100 {
            if net.hosts[A].assoc.is_some() {
                let right = right_quote(&net);
                let _ = net.report(A, &address(Z, 0), &right, report);
            }
            net.step();
        }
        net.run_until(|net| net.hosts[A].assoc.is_none());
    }
}

/// A peer can list an address of somebody else, who then says that it does not speak SCTP.
#[test]
fn one_of_two_addresses_does_not_speak_sctp() {
    for bad in [0, 1] {
        let (mut net, _cuts) = two_paths(10);
        let right = right_quote(&net);
        let peer = address(Z, bad);
        let result = net.report(A, &peer, &right, Report::ProtocolUnreachable);
        assert_eq!(result, Ok(()));
        let paths = net.hosts[A].assoc().paths();
        let active = [0, 1].map(|n: usize| paths[n].is_active());
        assert_eq!(active, [bad != 0, bad != 1]);
        net.sent.clear();
        net.send(A, 0, b"x");
        net.run_until(|net| net.hosts[Z].got.len() == 1);
        let data = net.sent.iter().find(|p| p.has(ChunkType::Data)).unwrap();
        assert_eq!(data.dst, address(Z, 1 - bad));
        net.finish(A);
    }
}
