// SPDX-License-Identifier: GPL-2.0

//! Addresses of associations: SCTP_PRIMARY_ADDR (RFC 6458, 8.1.9), and what `sctp_getpaddrs()` of
//! libsctp is made of (9.3).

use super::scope;
use crate::{
    engine::{assoc::PathError, path::MAX_PATHS},
    sock::addr::Shown,
    sys::{
        bindings,
        sock::Sk,
        user::{Abi, OptionIn, OptionOut},
    },
};
use core::mem::size_of;
use kernel::prelude::*;

/// All addresses of the peer, one behind the other.
pub(super) fn get_peer_addrs(sk: &Sk, value: &OptionOut) -> Result {
    let mut header: bindings::sctp_getaddrs = value.read()?;
    let assoc = scope::association(sk, header.assoc_id)?;
    let most =
        size_of::<bindings::sctp_getaddrs>() + MAX_PATHS * size_of::<bindings::sockaddr_in6>();
    let mut bytes = KVec::with_capacity(most, GFP_KERNEL)?;
    bytes.extend_from_slice(header.bytes(), GFP_KERNEL)?;
    {
        let locked = assoc.lock();
        let engine = &locked.inner.engine;
        for path in engine.paths() {
            let shown = Shown::new(sk, &path.addr, engine.peer_port());
            // There is room for it.
            bytes.extend_from_slice(shown.bytes(), GFP_ATOMIC)?;
        }
        header.addr_num = u32::try_from(engine.paths().len()).map_err(|_| EOVERFLOW)?;
    }
    if value.len() < bytes.len() {
        return Err(ENOMEM);
    }
    let head = bytes.get_mut(..size_of::<bindings::sctp_getaddrs>());
    head.ok_or(EINVAL)?.copy_from_slice(header.bytes());
    value.write(&bytes)
}

pub(super) fn set_primary_addr(sk: &Sk, value: &OptionIn) -> Result {
    let prim: bindings::sctp_prim = value.read_exact()?;
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
