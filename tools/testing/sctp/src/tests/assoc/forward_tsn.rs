// SPDX-License-Identifier: GPL-2.0

//! Partial reliability as the receiver has it: RFC 3758, 3.3 and 3.6.

use crate::engine::{
    assoc::State,
    stats::Reason,
    time::Duration,
    wire::{
        cause,
        chunk::{Chunk, ChunkType},
        control,
        init::Init,
        sack::Sack,
    },
};
use crate::tests::sim::{Fate, Flying, Net, A, Z};

/// Two hosts of which each may or may not want partial reliability.
fn connected(a: bool, z: bool) -> Net {
    let mut net = Net::new(1);
    net.hosts[A].config.prsctp_enabled = a;
    net.hosts[Z].config.prsctp_enabled = z;
    net.open();
    net
}

/// A FORWARD TSN of A's with anything in it.
fn forged(net: &Net, value: &[u8]) -> Vec<u8> {
    let mut bytes = net.header(A);
    bytes.extend([192, 0, 0, 4 + value.len() as u8]);
    bytes.extend(value);
    bytes
}

#[test]
fn both_sides_have_partial_reliability_or_neither() {
    let announces = |packet: &Flying, kind| {
        packet
            .any(|c: &Chunk<'_>| c.kind == kind && Init::parse(c).unwrap().is_forward_tsn_supported)
    };
    for (a, z) in [(false, false), (false, true), (true, false), (true, true)] {
        let net = connected(a, z);
        for host in &net.hosts {
            assert_eq!(host.assoc().is_forward_tsn_supported(), a && z);
        }
        let said = |kind| net.sent.iter().any(|p| announces(p, kind));
        assert_eq!(said(ChunkType::Init), a);
        assert_eq!(said(ChunkType::InitAck), a && z);
    }
}

/// dcSCTP: "Validate PR-SCTP capability for FORWARD-TSN".
#[test]
fn without_negotiation_a_forward_tsn_is_an_unknown_chunk() {
    let mut net = connected(true, false);
    net.send(A, 0, b"before");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    let mut bytes = forged(&net, &[0, 0, 0, 3]);
    // What comes behind it is looked at.
    bytes.extend([4, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4]);
    net.forge(A, bytes);
    let is_report = |c: &Chunk<'_>| {
        c.kind == ChunkType::Error
            && control::first_cause(c).unwrap().code == cause::UNRECOGNIZED_CHUNK_TYPE
    };
    let answer = net.last_of(Z);
    assert!(answer.any(is_report));
    assert!(answer.has(ChunkType::HeartbeatAck));
    assert_eq!(net.hosts[Z].state(), State::Established);
    net.send(A, 0, b"after");
    net.run_until(|net| net.hosts[Z].got.len() == 2);
}

/// The first TSN of A in a network that is near the wrap.
const FIRST: u32 = u32::MAX - 7;

fn forward(tsn: u32) -> Vec<u8> {
    // Stream 0 up to SSN 2.
    [&tsn.to_be_bytes()[..], &[0, 0, 0, 2]].concat()
}

/// The cumulative TSN ack of the SACK in a packet.
fn acked(packet: &Flying) -> Option<u32> {
    packet.with(|pkt| {
        let sack = pkt.chunks().flatten().find(|c| c.kind == ChunkType::Sack)?;
        Some(Sack::parse(&sack).unwrap().cumulative_tsn_ack.0)
    })?
}

#[test]
fn what_is_skipped_is_acknowledged_as_data_is() {
    let mut net = connected(true, true);
    // A does not know what is said in its name.
    net.filter(|_| Fate::Lose);
    // The first packet of all is acknowledged at once, the next one is not.
    for (tsn, delay) in [(FIRST, 0), (FIRST + 1, 200)] {
        let (packets, start) = (net.hosts[Z].packets, net.now);
        net.forge(A, forged(&net, &forward(tsn)));
        net.run_until(|net| net.hosts[Z].packets > packets);
        assert_eq!(net.now.since(start), Duration::from_millis(delay));
        assert_eq!(acked(net.last_of(Z)), Some(tsn));
    }
    // What the sender knows no more of is acknowledged at once.
    let packets = net.hosts[Z].packets;
    net.forge(A, forged(&net, &forward(FIRST)));
    assert_eq!(net.hosts[Z].packets, packets + 1);
    assert_eq!(acked(net.last_of(Z)), Some(FIRST + 1));
}

#[test]
fn a_forward_tsn_that_cannot_be_has_no_effect() {
    let mut net = connected(true, true);
    let far = FIRST.wrapping_add(0x1_0000).to_be_bytes();
    let packets = net.hosts[Z].packets;
    for (value, reason) in [
        (&[][..], Reason::Malformed),
        (&[0; 3], Reason::Malformed),
        // CVE-2023-53372: a stream without its SSN.
        (&[0, 0, 0, 3, 0, 0], Reason::Malformed),
        (&far, Reason::Unexpected),
    ] {
        net.hosts[Z].refused.clear();
        net.forge(A, forged(&net, value));
        assert_eq!(net.hosts[Z].refused, [reason]);
        assert_eq!(net.hosts[Z].packets, packets);
    }
    net.send(A, 0, b"x");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
}

#[test]
fn a_forward_tsn_answers_a_shutdown() {
    let mut net = connected(true, true);
    net.filter(|_| Fate::Lose);
    net.shutdown(Z);
    assert_eq!(net.hosts[Z].state(), State::ShutdownSent);
    net.forge(A, forged(&net, &forward(FIRST)));
    // Z waits for the rest: as with DATA it says at once how far it is (RFC 9260, 9.2).
    let answer = net.last_of(Z);
    assert_eq!(acked(answer), Some(FIRST));
    assert!(answer.has(ChunkType::Shutdown));
}
