// SPDX-License-Identifier: GPL-2.0

//! Any bytes as a packet: every parser, and the rules for packets out of the blue.

use crate::{
    engine::{
        addr::Addresses,
        config::Config,
        ootb::{self, Listener, Verdict},
        wire::{
            builder::PacketBuilder,
            chunk::ChunkType,
            packet::{Header, Packet},
        },
    },
    tests::{
        support::{payload::Bytes, world::World},
        wire::{
            examine::{examine, DST, SRC},
            flatten,
        },
    },
};

/// MTU of the path back.
const MTU: usize = 1480;

/// The first byte says whether somebody listens, the rest is the packet.
pub(super) fn run(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else {
        return;
    };
    let Ok(kinds) = examine(bytes) else { return };
    let buf = Bytes::new(bytes);
    let Ok(pkt) = Packet::new(bytes, &buf, SRC, DST) else {
        return;
    };
    let mut world = World::new(1);
    let config = Config::default();
    let locals = Addresses::new(DST);
    let listener = (how & 1 != 0).then_some(Listener {
        config: &config,
        locals: &locals,
    });
    let mut out = PacketBuilder::new();
    match ootb::handle(&mut world.cx(), listener, &pkt, MTU, &mut out) {
        Verdict::Drop(_) => {}
        Verdict::Reply => {
            let reply = flatten(&out);
            let answers = examine(&reply).expect("the reply is well-formed");
            let is_init_ack = answers.first() == Some(&ChunkType::InitAck);
            // The cookie is what an INIT ACK may be longer by; all else is at most a header and
            // a chunk without much in it.
            assert!(is_init_ack || reply.len() <= bytes.len().max(Header::LEN + 8));
            assert!(!is_init_ack || kinds.first() == Some(&ChunkType::Init));
        }
        Verdict::Accept(_) => panic!("a cookie that was never made was accepted"),
    }
}
