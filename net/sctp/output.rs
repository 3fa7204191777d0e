// SPDX-License-Identifier: GPL-2.0

//! From a packet of the engine to an skb on its way. Packets that the engine makes in one go for a
//! path leave as one skb, if the device or the stack can make packets of it.

use crate::{
    engine::{
        cx::Payload,
        path::PathId,
        wire::builder::{PacketBuilder, Segment},
    },
    sys::{
        gso::Train,
        ip::Route,
        net::Net,
        skb::SkbRange,
        sock::Sk,
        tx_skb::{Fragmenting, TxSkb},
    },
};
use kernel::prelude::*;

/// Where a packet goes that is sent for a socket.
pub(crate) struct To<'a> {
    pub(crate) sk: &'a Sk,
    pub(crate) route: &'a mut Route,
    /// The path's, or that of the route if it is less: more than that has to be fragmented, unless it
    /// is a probe.
    pub(crate) mtu: usize,
    /// If the path MTU is not looked for, routers may fragment less, too.
    pub(crate) pmtud: bool,
}

impl To<'_> {
    fn fragmenting(&self, packet: &PacketBuilder<SkbRange>) -> Fragmenting {
        if packet.zeroes() != 0 {
            Fragmenting::Never
        } else if self.pmtud {
            Fragmenting::Beyond(self.mtu)
        } else {
            Fragmenting::Anywhere(self.mtu)
        }
    }
}

/// Packets that leave together, in the order in which they were made.
pub(crate) struct Departing {
    train: Option<Train>,
    /// The path of the packets that wait.
    pub(crate) path: Option<PathId>,
    /// How many packets have left.
    pub(crate) sent: u64,
}

impl Departing {
    pub(crate) fn new() -> Self {
        Self {
            train: None,
            path: None,
            sent: 0,
        }
    }

    /// Takes a packet, on the path of those that wait.
    pub(crate) fn push(&mut self, to: To<'_>, packet: &PacketBuilder<SkbRange>) -> Result {
        let fragmenting = to.fragmenting(packet);
        let skb = build(packet)?;
        if skb.has_frags() || !fragmenting.leaves_whole(skb.len()) {
            self.flush(to.sk, to.route);
            skb.send(to.sk, to.route, fragmenting)?;
            self.sent += 1;
            return Ok(());
        }
        let alone = match &mut self.train {
            Some(train) => train.push(skb, to.route).err(),
            None => Some(skb),
        };
        if let Some(skb) = alone {
            self.flush(to.sk, to.route);
            self.train = Some(Train::new(skb));
        }
        Ok(())
    }

    /// Sends what waits.
    pub(crate) fn flush(&mut self, sk: &Sk, route: &mut Route) {
        if let Some(train) = self.train.take() {
            let count = train.count();
            // Packets that cannot leave are lost, which is what retransmission is for.
            if train.send(sk, route).is_ok() {
                self.sent += count;
            }
        }
    }
}

/// Sends a packet for a socket at once.
pub(crate) fn send(to: To<'_>, packet: &PacketBuilder<SkbRange>) -> Result {
    let fragmenting = to.fragmenting(packet);
    build(packet)?.send(to.sk, to.route, fragmenting)
}

/// Sends a packet for no socket: a reply to one that belongs to no association.
pub(crate) fn send_stateless(net: &Net, route: &Route, packet: &PacketBuilder<SkbRange>) -> Result {
    build(packet)?.send_stateless(net, route)
}

/// Makes an skb. The last payload is referred to if it is large, all else is copied: in a packet
/// with more than one payload the others are smaller anyway.
fn build(packet: &PacketBuilder<SkbRange>) -> Result<TxSkb> {
    let referred = packet.last_payload().filter(|(payload, _)| {
        TxSkb::wants_reference(payload)
            // One more for the padding.
            && TxSkb::fragments_of(payload) < TxSkb::MAX_FRAGMENTS
    });
    let referred_len = referred.map_or(0, |(payload, padding)| payload.len() + padding);
    let linear = packet.len().checked_sub(referred_len + packet.zeroes());
    let mut skb = TxSkb::new(linear.ok_or(EINVAL)?, |linear| {
        for segment in packet.segments() {
            if linear.is_full() {
                break;
            }
            match segment {
                Segment::Payload(payload) => linear.put_payload(payload)?,
                Segment::Bytes(bytes) => linear.put(bytes)?,
                Segment::Zeroes(_) => {}
            }
        }
        Ok(())
    })?;
    if let Some((payload, padding)) = referred {
        skb.append(payload)?;
        skb.append_zeroes(padding)?;
    }
    skb.append_zeroes(packet.zeroes())?;
    Ok(skb)
}
