// SPDX-License-Identifier: GPL-2.0

//! What an ICMP error says, and whether it is to be believed: RFC 9260, 10.
//!
//! ```text
//! IP header, ICMP header │ IP header of our packet │ 8 bytes of it, or more
//!                                                    ports, tag, [checksum, INIT with its tag]
//! ```
//!
//! Anybody can send an ICMP error. What shows that its sender has seen a packet of this association
//! is the verification tag of the packet that it quotes; of an INIT, which has none, the initiate
//! tag. What quotes too little to have one is not believed.
//!
//! All here is pure: what follows from it is in `assoc/icmp.rs`.

use super::wire::{chunk::ChunkType, packet::Header, read::Reader, tlv};

/// What a router or the peer's host has to say about a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Report {
    /// It did not fit a link that takes IP packets of so many bytes.
    TooBig(u32),
    /// Nobody speaks SCTP there: protocol unreachable, or an IPv6 next header that is not known.
    ProtocolUnreachable,
    /// Other reasons why it did not arrive, which may pass: net, host or port unreachable,
    /// forbidden, time exceeded, a parameter problem.
    Unreachable,
}

impl Report {
    /// From an ICMP message; `info` is the rest of its header. `None` for messages that are no
    /// errors of this kind (ICMP1 to ICMP4).
    pub(crate) fn from_v4(kind: u8, code: u8, info: u32) -> Option<Self> {
        match (kind, code) {
            (3, 2) => Some(Self::ProtocolUnreachable),
            // Only the last two bytes.
            (3, 4) => Some(Self::TooBig(info & 0xffff)),
            (3 | 11 | 12, _) => Some(Self::Unreachable),
            (_, _) => None,
        }
    }

    /// The same for ICMPv6.
    pub(crate) fn from_v6(kind: u8, code: u8, info: u32) -> Option<Self> {
        match (kind, code) {
            (2, _) => Some(Self::TooBig(info)),
            (4, 1) => Some(Self::ProtocolUnreachable),
            (1 | 3 | 4, _) => Some(Self::Unreachable),
            (_, _) => None,
        }
    }
}

/// What an ICMP error quotes of an SCTP packet that this host has sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Quote {
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    tag: u32,
    /// Of an INIT, if that much is quoted.
    initiate_tag: Option<u32>,
}

/// Whose packet it was that did not arrive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Quoted {
    /// A packet with the peer's tag.
    Packet,
    /// Our INIT.
    Init,
    /// Not one of this association.
    Other,
}

impl Quote {
    /// `None` if not even ports and tag are there (ICMP5).
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut r = Reader::new(bytes);
        Some(Self {
            source_port: r.u16()?,
            destination_port: r.u16()?,
            tag: r.u32()?,
            initiate_tag: initiate_tag(bytes),
        })
    }

    /// Checks the tag (ICMP6). `peer` is 0 as long as it is not known.
    pub(crate) fn check(&self, local: u32, peer: u32) -> Quoted {
        if self.tag != 0 {
            return if self.tag == peer {
                Quoted::Packet
            } else {
                Quoted::Other
            };
        }
        if self.initiate_tag == Some(local) {
            Quoted::Init
        } else {
            Quoted::Other
        }
    }
}

fn initiate_tag(packet: &[u8]) -> Option<u32> {
    let chunk = packet.get(Header::LEN..)?;
    if ChunkType::from_u8(*chunk.first()?) != ChunkType::Init {
        return None;
    }
    Reader::new(chunk.get(tlv::HEADER_LEN..)?).u32()
}
