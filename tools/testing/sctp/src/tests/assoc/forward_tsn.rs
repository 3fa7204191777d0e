// SPDX-License-Identifier: GPL-2.0

//! Partial reliability as the receiver has it: RFC 3758, 3.3 and 3.6.

use crate::engine::{
    assoc::State,
    wire::{
        cause,
        chunk::{Chunk, ChunkType},
        control,
        init::Init,
    },
};
use crate::tests::sim::{Flying, Net, A, Z};

/// Two hosts of which each may or may not want partial reliability.
fn connected(a: bool, z: bool) -> Net {
    let mut net = Net::near_wrap(1);
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
