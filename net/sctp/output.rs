// SPDX-License-Identifier: GPL-2.0

//! From a packet of the engine to an skb on its way.

use crate::{
    engine::{
        cx::Payload,
        wire::builder::{PacketBuilder, Segment},
    },
    sys::{
        ip::Route,
        skb::{Fragmenting, SkbRange, TxSkb},
        sock::Sk,
    },
};
use kernel::prelude::*;

/// Sends a packet for a socket. `mtu` is the path's: more than that has to be fragmented, unless it
/// is a probe. If the path MTU is not looked for, routers may fragment less, too.
pub(crate) fn send(
    sk: &Sk,
    route: &mut Route,
    packet: &PacketBuilder<SkbRange>,
    mtu: usize,
    pmtud: bool,
) -> Result {
    let fragmenting = if packet.zeroes() != 0 {
        Fragmenting::Never
    } else if pmtud {
        Fragmenting::Beyond(mtu)
    } else {
        Fragmenting::Anywhere(mtu)
    };
    build(packet)?.send(sk, route, fragmenting)
}

/// Sends a packet for no socket: a reply to one that belongs to no association.
pub(crate) fn send_stateless(route: &Route, packet: &PacketBuilder<SkbRange>) -> Result {
    build(packet)?.send_stateless(route)
}

/// Makes an skb. The last payload is referred to if it is large, all else is copied: in a packet
/// with more than one payload the others are smaller anyway.
fn build(packet: &PacketBuilder<SkbRange>) -> Result<TxSkb> {
    let (mut index, mut last) = (0, None);
    for segment in packet.segments() {
        if let Segment::Payload(payload) = segment {
            last = Some((index, payload));
        }
        index += 1;
    }
    let referred = last.filter(|(_, payload)| {
        TxSkb::wants_reference(payload)
            // One more for the padding.
            && TxSkb::fragments_of(payload) < TxSkb::MAX_FRAGMENTS
    });
    let referred_len = referred.map_or(0, |(_, payload)| payload.len());
    let referred_at = referred.map(|(at, _)| at);

    let zeroes = packet.zeroes();
    let mut skb = TxSkb::new(packet.len().saturating_sub(referred_len + zeroes))?;
    for (at, segment) in packet.segments().enumerate() {
        match segment {
            Segment::Payload(payload) if Some(at) == referred_at => skb.append(payload)?,
            Segment::Payload(payload) => skb.put_payload(payload)?,
            // What follows the payload that is referred to is its padding.
            Segment::Bytes(bytes) if referred_at.is_some_and(|r| at > r) => {
                skb.append_zeroes(bytes.len())?
            }
            Segment::Bytes(bytes) => skb.put(bytes)?,
            Segment::Zeroes(len) => skb.append_zeroes(len)?,
        }
    }
    Ok(skb)
}
