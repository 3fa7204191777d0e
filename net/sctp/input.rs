// SPDX-License-Identifier: GPL-2.0

//! From an skb of the inet layer to the association, or the listener, that it is for.
//!
//! Softirq context, under RCU. A packet of an established association is found by its verification
//! tag without any lock. It is handled under that association's lock; the socket's endpoint is
//! locked for a moment, to queue what comes of it.

use crate::{
    association::{self, Assoc, Parts},
    endpoint::{Endpoint, Style},
    engine::{
        addr::{Address, Addresses, IpAddr, Ipv4Addr, Ipv6Addr, MAX_ADDRESSES},
        config::Marks,
        cx::Stats,
        ootb::{self, Verdict},
        stats::Counter,
        wire::{
            builder::PacketBuilder,
            chunk::ChunkType,
            packet::{visible_len, Header, Packet},
        },
    },
    output,
    pernet::{PeerKey, Pernet},
    sock::connect,
    sys::{
        crypto::KernelRng,
        gso::Received,
        hash::TagKey,
        ip::{Ends, Route},
        net::Net,
        skb::{RxSkb, SkbRange, Via},
        sock::Sk,
    },
};
use kernel::{
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// Room for a reply to a packet that belongs to no association: fits IPv6's minimum MTU.
const REPLY_MTU: usize = 1240;

/// Takes in packets that came together, between the same two addresses, with the same header.
pub(crate) fn receive(mut packets: Received, ipv6: bool) {
    let mut next = packets.next();
    let net = next.as_ref().map(Net::of_packet);
    let Some(pernet) = net.as_ref().and_then(Net::state) else {
        return;
    };
    // Drained after the last packet: one SACK is enough for all, and the reader is woken once.
    let mut undrained = None;
    while let Some(skb) = next {
        next = packets.next();
        pernet.mib.count(Counter::InPackets);
        if handle(pernet, skb, ipv6, next.is_some(), &mut undrained).is_none() {
            pernet.mib.count(Counter::InPacketDiscards);
        }
    }
    if let Some(assoc) = undrained {
        assoc.lock().flush();
    }
}

/// Handles a packet; `None` if it was not taken. If there are more behind it, the association that
/// it is for may be left in `undrained`.
fn handle(
    pernet: &Arc<Pernet>,
    mut skb: RxSkb,
    ipv6: bool,
    more: bool,
    undrained: &mut Option<Arc<Assoc>>,
) -> Option<()> {
    if !skb.is_for_host() || !skb.policy_allows(ipv6) {
        return None;
    }
    if !skb.checksum_ok() {
        pernet.mib.count(Counter::ChecksumErrors);
        return None;
    }
    let via = skb.via(ipv6, pernet.sysctls.l3mdev_accept());
    let (src, dst) = addresses(&skb, ipv6, via)?;
    if !src.is_unicast() || !dst.is_unicast() {
        return None;
    }
    // Most are linear as they come.
    if skb.bytes().len() < skb.len() {
        skb.pull(visible_len(skb.len(), |at| skb.peek(at)))?;
    }
    let header = Header::parse(skb.bytes())?;
    let memory = skb.truesize();
    let payload = skb.into_payload();
    let packet = Packet::new(payload.received_bytes()?, &payload, src, dst).ok()?;

    let assoc = pernet
        .tags
        .lookup(TagKey {
            tag: header.verification_tag,
            local_port: header.destination_port,
            peer_port: header.source_port,
        })
        .filter(|assoc| via.reaches(assoc.ifindex))
        // INIT, COOKIE ECHO and a few others come with another tag.
        .or_else(|| find_by_address(pernet, &packet, via));
    if let Some(assoc) = assoc {
        assoc.counters.count(Counter::InPackets);
        let mut locked = assoc.lock();
        if !payload.passes_filter(&locked.inner.sk) {
            return None;
        }
        payload.tell_queue(&locked.inner.sk);
        // The answer to another chunk would be lost if the next packet had one, too.
        let waits = more && packet.first_kind() == ChunkType::Data;
        let result = locked.receive(&packet, memory, !waits);
        drop(locked);
        // All packets of a train are for the same association, so none is forgotten here.
        *undrained = waits.then_some(assoc);
        if let Some(result) = result {
            return result.ok();
        }
        // It has ended this moment, so it is none any more.
    }
    let listener = listener(pernet, &packet, &payload, via);
    if listener
        .as_ref()
        .is_some_and(|l| !payload.passes_filter(&l.sk))
    {
        return None;
    }
    out_of_the_blue(pernet, listener, &packet, via)
}

/// Finds an association by the address that a packet came from or, for an INIT, by one that it
/// lists: a peer that restarts may do so from an address that it did not have before.
#[cold]
fn find_by_address(pernet: &Pernet, packet: &Packet<'_, SkbRange>, via: Via) -> Option<Arc<Assoc>> {
    let find = |peer: Address| {
        let key = PeerKey::new(packet.destination_port(), &peer, packet.source_port());
        let peers = pernet.peers.lock();
        peers.find(&key, &packet.dst, |assoc| via.reaches(assoc.ifindex))
    };
    let found = find(packet.src);
    if found.is_some() || packet.first_kind() != ChunkType::Init {
        return found;
    }
    let init = ootb::lone_init(packet).ok()?;
    let mut listed = init.addresses(packet.src).take(MAX_ADDRESSES);
    listed.find_map(find)
}

fn addresses(skb: &RxSkb, ipv6: bool, via: Via) -> Option<(Address, Address)> {
    let header = skb.network_header(ipv6);
    if ipv6 {
        let address = |at: usize| -> Option<Address> {
            let octets: [u8; 16] = header.get(at..)?.get(..16)?.try_into().ok()?;
            let ip = Ipv6Addr::from(octets);
            Some(Address {
                ip: IpAddr::V6(ip),
                scope_id: if ip.is_unicast_link_local() {
                    via.link()
                } else {
                    0
                },
            })
        };
        Some((address(8)?, address(24)?))
    } else {
        let address = |at: usize| -> Option<Address> {
            let octets: [u8; 4] = header.get(at..)?.get(..4)?.try_into().ok()?;
            Some(Address::new(IpAddr::V4(Ipv4Addr::from(octets))))
        };
        Some((address(12)?, address(16)?))
    }
}

/// Handles a packet for which there is no association (RFC 9260, 5.1 and 8.4).
#[cold]
fn out_of_the_blue(
    pernet: &Arc<Pernet>,
    listener: Option<Listener>,
    packet: &Packet<'_, SkbRange>,
    via: Via,
) -> Option<()> {
    let config = listener
        .as_ref()
        .map(|l| connect::config(&l.sk, &l.endpoint, None));
    let mut rng = KernelRng;
    let mut cx = association::cx(pernet, &mut rng);
    let mut out = PacketBuilder::new();
    let makes_one = matches!(packet.first_kind(), ChunkType::Init | ChunkType::CookieEcho);
    let locals = match &listener {
        Some(l) if makes_one => l.endpoint.locals(&l.sk, packet.dst, &packet.src),
        Some(_) | None => Addresses::new(packet.dst),
    };
    let accepts = config.as_ref().map(|config| ootb::Listener {
        config,
        locals: &locals,
    });
    match ootb::handle(&mut cx, accepts, packet, REPLY_MTU, &mut out) {
        Verdict::Drop(_) => None,
        Verdict::Reply => {
            let route = Route::lookup(
                &pernet.net,
                None,
                &Ends {
                    to: packet.src,
                    from: Some(packet.dst.ip),
                    to_port: packet.source_port(),
                    from_port: packet.destination_port(),
                    ifindex: listener
                        .as_ref()
                        .map_or(via.vrf(), |l| l.sk.bound_ifindex()),
                    marks: config.map_or(Marks::default(), |config| config.path.marks),
                },
            )
            .ok()?;
            output::send_stateless(&pernet.net, &route, &out).ok()?;
            pernet.mib.count(Counter::OutPackets);
            Some(())
        }
        Verdict::Accept(engine) => {
            let assoc = accept(&listener?, engine).ok()?;
            // Its outputs are waiting: COOKIE ACK, and the event that it is up.
            assoc.lock().flush();
            Some(())
        }
    }
}

struct Listener {
    endpoint: Arc<Endpoint>,
    sk: ARef<Sk>,
}

/// Who takes new associations at a packet's destination, if anybody can.
fn listener(
    pernet: &Pernet,
    packet: &Packet<'_, SkbRange>,
    payload: &SkbRange,
    via: Via,
) -> Option<Listener> {
    let hash = || pernet.spread(&packet.src, packet.source_port());
    let (port, to) = (packet.destination_port(), &packet.dst);
    let ports = pernet.ports.lock();
    let (endpoint, sk) = ports.listener(port, to, via, payload, hash)?;
    drop(ports);
    if endpoint.style == Style::OneToOne && sk.is_accept_queue_full() {
        return None;
    }
    Some(Listener { endpoint, sk })
}

/// Gives a new association its place: under the socket itself, or, for a one-to-one socket, under
/// an endpoint that waits for `accept()`.
fn accept(listener: &Listener, engine: KBox<association::Engine>) -> Result<Arc<Assoc>> {
    let endpoint = match listener.endpoint.style {
        Style::OneToMany => listener.endpoint.clone(),
        Style::OneToOne => Endpoint::new_child(&listener.endpoint)?,
    };
    let waits = listener.endpoint.style == Style::OneToOne;
    let result = Assoc::publish(Parts {
        engine,
        endpoint: endpoint.clone(),
        sk: listener.sk.clone(),
        listener: waits.then(|| listener.endpoint.clone()),
    });
    if waits && result.is_err() {
        endpoint.abandon();
    }
    result
}
