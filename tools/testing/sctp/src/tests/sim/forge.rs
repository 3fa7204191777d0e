// SPDX-License-Identifier: GPL-2.0

//! Packets that no host has sent.

use super::{
    address,
    trace::{self, Remark},
    Flying, Net, PORT,
};
use crate::engine::{time::Duration, wire::packet::Header};

impl Net {
    /// A header as a packet of `from` would have it, with the tag that is right.
    pub(crate) fn header(&self, from: usize) -> Vec<u8> {
        let tag = self.hosts[1 - from].assoc().local_tag();
        self.header_with_tag(from, tag)
    }

    pub(crate) fn header_with_tag(&self, from: usize, tag: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Header::LEN);
        bytes.extend(PORT[from].to_be_bytes());
        bytes.extend(PORT[1 - from].to_be_bytes());
        bytes.extend(tag.to_be_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    /// Hands a forged packet of `from` to the other host.
    pub(crate) fn forge(&mut self, from: usize, bytes: Vec<u8>) {
        self.forge_on(from, 0, bytes);
    }

    /// Several such packets, all of which the host takes in before it is drained.
    pub(crate) fn forge_train(&mut self, from: usize, packets: Vec<Vec<u8>>) {
        let to = 1 - from;
        let looks_every = Duration::from_millis(1);
        let before = std::mem::replace(&mut self.hosts[to].looks_every, looks_every);
        for bytes in packets {
            self.forge(from, bytes);
        }
        self.hosts[to].looks_every = before;
        self.drain(to);
    }

    /// As [`forge`](Self::forge), from its address `n` to the one in the same network, or the first
    /// if the other host is not there.
    pub(crate) fn forge_on(&mut self, from: usize, n: u8, bytes: Vec<u8>) {
        let (to, src) = (1 - from, address(from, n));
        let packet = Flying {
            at: self.now,
            to,
            src,
            dst: self.hosts[to].route(to, &src),
            bytes,
            cut: None,
        };
        self.log.push(trace::Entry::Packet {
            packet: packet.clone(),
            remark: Remark::Forged,
        });
        self.deliver(packet);
    }
}
