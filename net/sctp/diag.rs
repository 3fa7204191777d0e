// SPDX-License-Identifier: GPL-2.0

//! What `ss` shows: sockets that listen, and sockets with their associations.
//!
//! Each socket is followed by its associations. A dump goes on where the last part of it has ended,
//! in the order in which sockets and associations were made; what comes and goes meanwhile may be
//! in it or not, and everything else is in it once.

use crate::{
    association::{Assoc, AssocId},
    endpoint::Endpoint,
    engine::{
        addr::{Address, IpAddr, Ipv4Addr},
        cc::Algorithm,
    },
    pernet::PeerKey,
    sock::addr::Shown,
    sys::{
        bindings,
        diag::{check_cookie, Answer, Request},
        ip,
        net::Net,
        sock::Sk,
        user::Abi,
    },
    view::{self, AssocView},
};
use kernel::{
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// How far a dump has come. Zeroes are its beginning.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Position {
    /// The serial number of an endpoint.
    endpoint: u64,
    /// The last of its associations that was shown.
    assoc: AssocId,
    /// Whether the socket itself was shown: 0 or 1.
    is_shown: u32,
}

impl Position {
    fn before(endpoint: u64) -> Self {
        Self {
            endpoint,
            assoc: 0,
            is_shown: 0,
        }
    }
}

/// Bits of states of sockets. Of associations it is not asked which state they are in.
const LISTEN: u32 = 1 << bindings::TCP_LISTEN;
const CLOSE: u32 = 1 << bindings::TCP_CLOSE;

/// The number by which T3-rtx is known (`enum sctp_event_timeout`).
const T3_RTX: u8 = 4;

/// At most so many addresses of a socket are told, for them to fit into a message.
const MAX_SHOWN: usize = 16;

/// Answers with as much as there is room for.
pub(crate) fn dump(net: &Net, request: &Request, answer: &mut Answer, at: &mut Position) {
    let Some(pernet) = net.state() else { return };
    loop {
        let next = pernet.endpoints.lock().next(at.endpoint);
        let Some(endpoint) = next else { return };
        if endpoint.serial != at.endpoint {
            *at = Position::before(endpoint.serial);
        }
        if show(&endpoint, request, answer, at).is_err() {
            return;
        }
        *at = Position::before(endpoint.serial.saturating_add(1));
    }
}

/// Shows a socket and its associations, as far as they are asked for.
fn show(
    endpoint: &Arc<Endpoint>,
    request: &Request,
    answer: &mut Answer,
    at: &mut Position,
) -> Result {
    let Some(sk) = socket_of(endpoint) else {
        return Ok(());
    };
    let family = if sk.is_ipv6() {
        bindings::AF_INET6
    } else {
        bindings::AF_INET
    };
    if request.family() != bindings::AF_UNSPEC && request.family() != family {
        return Ok(());
    }
    if request.has_state(!(LISTEN | CLOSE)) {
        for assoc in &endpoint.all_assocs_and_waiting()? {
            if assoc.id <= at.assoc {
                continue;
            }
            let Some(view) = AssocView::of(assoc) else {
                continue;
            };
            if is_wanted(request, view.local_port, view.peer_port) {
                if at.is_shown == 0 {
                    show_socket(endpoint, &sk, request, answer)?;
                    at.is_shown = 1;
                }
                show_assoc(&view, request, answer)?;
            }
            at.assoc = assoc.id;
        }
    }
    let listens = endpoint.is_listening() && request.has_state(LISTEN);
    let port = endpoint.binding().map_or(0, |binding| binding.port);
    if listens && at.is_shown == 0 && is_wanted(request, port, 0) {
        show_socket(endpoint, &sk, request, answer)?;
        at.is_shown = 1;
    }
    Ok(())
}

/// The socket of an endpoint. If it was closed, the one that its associations go on with; of one
/// that waits for `accept()` the listener is shown.
fn socket_of(endpoint: &Arc<Endpoint>) -> Option<ARef<Sk>> {
    let (sk, closed) = {
        let inner = endpoint.inner.lock();
        (inner.sk.clone(), inner.closed)
    };
    if sk.is_some() || !closed {
        return sk;
    }
    let assoc = endpoint.only_assoc()?;
    let sk = assoc.lock().inner.sk.clone();
    Some(sk)
}

/// Whether these ports are asked for. Zero is any.
fn is_wanted(request: &Request, local: u16, peer: u16) -> bool {
    let id = request.id();
    let fits = |asked: u16, port: u16| asked == 0 || u16::from_be(asked) == port;
    fits(id.idiag_sport, local) && fits(id.idiag_dport, peer)
}

fn show_socket(endpoint: &Endpoint, sk: &Sk, request: &Request, answer: &mut Answer) -> Result {
    let (waiting, backlog) = sk.accept_queue();
    let mut entry = answer.begin(sk, |msg| {
        msg.idiag_state = sk.raw_state();
        msg.idiag_rqueue = waiting;
        msg.idiag_wqueue = backlog;
    })?;
    if request.wants(bindings::INET_DIAG_INFO) {
        let info = view::socket_info(endpoint);
        entry.put_64bit(bindings::INET_DIAG_INFO, info.bytes())?;
    }
    if let Some(binding) = endpoint.binding() {
        let addrs = binding.addrs.iter().take(MAX_SHOWN);
        let list = list(addrs, binding.port)?;
        entry.put(bindings::INET_DIAG_LOCALS, &list)?;
    }
    entry.end();
    Ok(())
}

pub(crate) fn show_assoc(view: &AssocView, request: &Request, answer: &mut Answer) -> Result {
    let sk = &view.sk;
    let mut entry = answer.begin(sk, |msg| {
        msg.idiag_state = view.state;
        msg.idiag_rqueue = u32::try_from(view.held).unwrap_or(u32::MAX);
        msg.idiag_wqueue = u32::try_from(view.unacked).unwrap_or(u32::MAX);
        msg.id.idiag_sport = view.local_port.to_be();
        msg.id.idiag_dport = view.peer_port.to_be();
        msg.id.idiag_src = words(sk, view.locals.first().ip);
        msg.id.idiag_dst = words(sk, view.primary.ip);
        msg.id.idiag_if = view.ifindex;
        if let Some(rest) = view.t3_rtx {
            msg.idiag_timer = T3_RTX;
            msg.idiag_retrans = u8::try_from(view.retransmissions()).unwrap_or(u8::MAX);
            msg.idiag_expires = rest.as_millis();
        }
    })?;
    if request.wants(bindings::INET_DIAG_INFO) {
        entry.put_64bit(bindings::INET_DIAG_INFO, view.info.bytes())?;
    }
    let locals = list(view.locals.as_slice(), view.local_port)?;
    entry.put(bindings::INET_DIAG_LOCALS, &locals)?;
    if request.wants(bindings::INET_DIAG_CONG) {
        let name = match view.congestion_control {
            Algorithm::Cubic => c"cubic",
            Algorithm::Reno => c"reno",
        };
        entry.put(bindings::INET_DIAG_CONG, name.to_bytes_with_nul())?;
    }
    let peers = list(view.peers.as_slice(), view.peer_port)?;
    entry.put(bindings::INET_DIAG_PEERS, &peers)?;
    entry.end();
    Ok(())
}

/// Addresses, one `struct sockaddr_storage` behind the other.
fn list<'a>(addrs: impl IntoIterator<Item = &'a Address>, port: u16) -> Result<KVec<u8>> {
    let mut list = KVec::new();
    for addr in addrs {
        let storage = Shown::plain(addr, port).storage();
        list.extend_from_slice(storage.bytes(), GFP_KERNEL)?;
    }
    Ok(list)
}

/// An address in the form of the socket's family.
fn words(sk: &Sk, addr: IpAddr) -> [u32; 4] {
    if let (false, IpAddr::V4(v4)) = (sk.is_ipv6(), addr) {
        return [u32::from_ne_bytes(v4.octets()), 0, 0, 0];
    }
    ip::to_words(&ip::to_mapped(addr))
}

/// The other way round. A link-local address is on the interface that is asked about.
fn address(request: &Request, words: &[u32; 4]) -> Address {
    if request.family() == bindings::AF_INET {
        let [v4, ..] = *words;
        return Address::new(IpAddr::V4(Ipv4Addr::from(v4.to_ne_bytes())));
    }
    let v6 = ip::from_words(words);
    match v6.to_ipv4_mapped() {
        Some(v4) => Address::new(IpAddr::V4(v4)),
        None => Address {
            ip: IpAddr::V6(v6),
            scope_id: if v6.is_unicast_link_local() {
                request.id().idiag_if
            } else {
                0
            },
        },
    }
}

/// Finds the association between these addresses and ports: `ENOENT` if there is none, `ESTALE` if
/// it is another socket's than it was.
pub(crate) fn find(net: &Net, request: &Request) -> Result<AssocView> {
    let pernet = net.state().ok_or(ENOENT)?;
    let id = request.id();
    let local = address(request, &id.idiag_src);
    let peer = address(request, &id.idiag_dst);
    let (local_port, peer_port) = (u16::from_be(id.idiag_sport), u16::from_be(id.idiag_dport));
    let key = PeerKey::new(local_port, &peer, peer_port);
    let is_there = |assoc: &Assoc| assoc.ifindex == 0 || assoc.ifindex == id.idiag_if;
    let found = pernet.peers.lock().find(&key, &local, is_there);
    let view = AssocView::of(&found.ok_or(ENOENT)?).ok_or(ENOENT)?;
    check_cookie(&view.sk, request)?;
    Ok(view)
}
