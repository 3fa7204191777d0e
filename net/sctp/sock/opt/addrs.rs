// SPDX-License-Identifier: GPL-2.0

//! Addresses of associations: SCTP_PRIMARY_ADDR (RFC 6458, 8.1.9), and what `sctp_getpaddrs()` and
//! `sctp_getladdrs()` of libsctp are made of (9.3 and 9.5).

use super::scope;
use crate::{
    engine::{addr::Address, assoc::PathError, path::MAX_PATHS},
    sock::addr::Shown,
    sys::{
        bindings,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use core::mem::size_of;
use kernel::prelude::*;

/// A `struct sctp_getaddrs` with the addresses that follow it, as a socket shows them.
struct List<'a> {
    sk: &'a Sk,
    header: bindings::sctp_getaddrs,
    bytes: KVec<u8>,
}

/// Length of what is before the addresses.
const HEADER_LEN: usize = size_of::<bindings::sctp_getaddrs>();

impl<'a> List<'a> {
    /// An empty list, with room for as many addresses as an association has.
    fn new(sk: &'a Sk, mut header: bindings::sctp_getaddrs) -> Result<Self> {
        let room = HEADER_LEN + MAX_PATHS * size_of::<bindings::sockaddr_in6>();
        let mut bytes = KVec::with_capacity(room, GFP_KERNEL)?;
        bytes.extend_from_slice(header.bytes(), GFP_KERNEL)?;
        header.addr_num = 0;
        Ok(Self { sk, header, bytes })
    }

    fn push(&mut self, addr: &Address, port: u16) -> Result {
        let shown = Shown::new(self.sk, addr, port);
        self.bytes.extend_from_slice(shown.bytes(), GFP_ATOMIC)?;
        self.header.addr_num = self.header.addr_num.saturating_add(1);
        Ok(())
    }

    /// All of it, if there is room for so much.
    fn finish(mut self, room: usize) -> Result<KVec<u8>> {
        if room < self.bytes.len() {
            return Err(ENOMEM);
        }
        let head = self.bytes.get_mut(..HEADER_LEN).ok_or(EINVAL)?;
        head.copy_from_slice(self.header.bytes());
        Ok(self.bytes)
    }
}

/// All addresses of the peer.
pub(super) fn get_peer_addrs(sk: &Sk, value: &OptionOut) -> Result {
    let header: bindings::sctp_getaddrs = value.read()?;
    let assoc = scope::association(sk, header.assoc_id)?;
    let mut list = List::new(sk, header)?;
    {
        let locked = assoc.lock();
        let engine = &locked.inner.engine;
        for path in engine.paths() {
            list.push(&path.addr, engine.peer_port())?;
        }
    }
    value.write(&list.finish(value.len())?)
}

/// The addresses that an association uses or, with the id 0, those that the socket is bound to: of
/// a wildcard, those that this host has now. Of a socket that is not bound there are none.
pub(super) fn get_local_addrs(sk: &Sk, value: &OptionOut) -> Result {
    let header: bindings::sctp_getaddrs = value.read()?;
    let id = header.assoc_id;
    let mut list = List::new(sk, header)?;
    let mut result = Ok(());
    if id != scope::FUTURE {
        let assoc = scope::association(sk, id)?;
        let port = assoc.lock().inner.engine.local_port();
        for addr in assoc.locals.as_slice() {
            list.push(addr, port)?;
        }
    } else if let Some(binding) = sk.endpoint()?.binding() {
        binding.for_each_address(&sk.net(), sk.bound_ifindex(), |addr| {
            if result.is_ok() {
                result = list.push(&addr, binding.port);
            }
        });
    }
    result?;
    let bytes = list.finish(value.len())?;
    // The length that libsctp expects is that of the addresses alone.
    value.write_as(&bytes, bytes.len().saturating_sub(HEADER_LEN))
}

pub(super) fn set_primary_addr(sk: &Sk, value: &OptionIn) -> Result {
    let prim: bindings::sctp_prim = value.read_version()?;
    // A copy, since the structure is packed.
    let address = prim.ssp_addr;
    let (assoc, peer) = scope::with_peer(sk, prim.ssp_assoc_id, address.bytes())?;
    let result = assoc
        .lock()
        .with(|engine, _| engine.set_primary(&peer.addr));
    match result {
        Some(Ok(())) => Ok(()),
        Some(Err(PathError::Unknown | PathError::Invalid | PathError::BadState)) | None => {
            Err(EINVAL)
        }
    }
}

pub(super) fn get_primary_addr(sk: &Sk, value: &OptionOut) -> Result {
    let asked: bindings::sctp_prim = value.read()?;
    let assoc = scope::association(sk, asked.ssp_assoc_id)?;
    let mut prim = bindings::sctp_prim::zeroed();
    prim.ssp_assoc_id = asked.ssp_assoc_id;
    {
        let locked = assoc.lock();
        let engine = &locked.inner.engine;
        let path = engine.paths().get(engine.primary().index()).ok_or(EINVAL)?;
        prim.ssp_addr = Shown::new(sk, &path.addr, engine.peer_port()).storage();
    }
    value.write_whole(&prim)
}
