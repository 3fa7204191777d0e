// SPDX-License-Identifier: GPL-2.0

//! `bind()` and `sctp_bindx()`, and choosing a port for who has called neither (RFC 6458, 3.1.2,
//! 4.1.2 and 9.1).
//!
//! Associations keep the addresses that they began with: a change is for those that come later.

use super::addr;
use crate::{
    endpoint::{Endpoint, TransportAddr},
    engine::cx::Rng,
    ports::{meet, Binding, Claim},
    sys::{
        crypto::KernelRng,
        ip,
        sock::Sk, //
    },
};
use kernel::{
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// Binds a socket to an address of this host, or to all.
pub(crate) fn bind(sk: &Sk, name: &[u8]) -> Result {
    let _guard = sk.lock();
    let to = addr::parse(sk, name)?;
    let endpoint = sk.endpoint()?;
    if endpoint.inner.lock().binding.is_some() {
        return Err(EINVAL);
    }
    add(sk, endpoint, &[to])
}

/// Binds a socket that is not bound to all addresses and a port of the system's choice.
pub(crate) fn autobind(sk: &Sk) -> Result {
    let endpoint = sk.endpoint()?;
    if endpoint.inner.lock().binding.is_some() {
        return Ok(());
    }
    let to = TransportAddr {
        addr: addr::wildcard(sk),
        port: 0,
    };
    add(sk, endpoint, &[to]).map_err(|e| if e == EADDRINUSE { EAGAIN } else { e })
}

/// Adds addresses to those that a socket is bound to: all of them, or none. They have one port,
/// which a socket that is bound already has; 0 is that port, or one of the system's choice. Called
/// with the socket locked.
pub(crate) fn add(sk: &Sk, endpoint: &Arc<Endpoint>, new: &[TransportAddr]) -> Result {
    let (first, last) = (new.first().ok_or(EINVAL)?, new.last().ok_or(EINVAL)?);
    let old = endpoint.binding();
    let v6_only = sk.is_ipv6_only();
    let mut addrs = KVec::new();
    if let Some(old) = &old {
        addrs.extend_from_slice(&old.addrs, GFP_KERNEL)?;
    }
    let had = addrs.len();
    let port = old.as_ref().map_or(first.port, |old| old.port);
    for to in new {
        check_address(sk, to)?;
        if to.port != 0 && to.port != port {
            return Err(EINVAL);
        }
        if port != 0 && !sk.net().may_bind(port) {
            return Err(EACCES);
        }
        if addrs.iter().any(|own| meet(own, &to.addr, v6_only)) {
            return Err(EINVAL);
        }
        addrs.push(to.addr, GFP_KERNEL)?;
    }
    let mut binding = Binding {
        addrs: Arc::new(addrs, GFP_KERNEL)?,
        port,
        v6_only,
        reuse: match &old {
            Some(old) => old.reuse,
            None => sk.may_reuse() || endpoint.inner.lock().settings.reuse_port,
        },
        group: sk.reuseport_uid(),
        ifindex: sk.bound_ifindex(),
    };
    match &old {
        Some(old) => {
            let added = binding.addrs.get(had..).unwrap_or_default();
            let mut ports = endpoint.pernet.ports.lock();
            ports.rebind(endpoint, old, &binding, added)?;
        }
        None if port != 0 => {
            let claim = claim_of(sk, endpoint, &binding);
            endpoint.pernet.ports.lock().claim(claim)?;
        }
        None => any_port(sk, endpoint, &mut binding)?,
    }
    sk.set_local(last.addr.ip, binding.port);
    endpoint.inner.lock().binding = Some(binding);
    Ok(())
}

/// Removes addresses from those that a socket is bound to: all of them, or none. One has to be
/// left. Called with the socket locked.
pub(crate) fn remove(endpoint: &Arc<Endpoint>, gone: &[TransportAddr]) -> Result {
    let old = endpoint.binding().ok_or(EBUSY)?;
    let mut addrs = KVec::new();
    addrs.extend_from_slice(&old.addrs, GFP_KERNEL)?;
    for from in gone {
        if addrs.len() <= 1 {
            return Err(EBUSY);
        }
        if !from.addr.is_unicast() {
            return Err(EADDRNOTAVAIL);
        }
        if from.port != 0 && from.port != old.port {
            return Err(EINVAL);
        }
        let at = addrs.iter().position(|own| *own == from.addr);
        addrs.remove(at.ok_or(EINVAL)?).map_err(|_| EINVAL)?;
    }
    let new = Binding {
        addrs: Arc::new(addrs, GFP_KERNEL)?,
        ..old.clone()
    };
    let mut ports = endpoint.pernet.ports.lock();
    ports.rebind(endpoint, &old, &new, &[])?;
    drop(ports);
    endpoint.inner.lock().binding = Some(new);
    Ok(())
}

fn check_address(sk: &Sk, to: &TransportAddr) -> Result {
    if to.addr.ip.is_unspecified() {
        return Ok(());
    }
    let is_usable = to.addr.has_scope() && to.addr.is_unicast();
    let is_local = || ip::is_local(&sk.net(), &to.addr, sk.bound_ifindex());
    if is_usable && (sk.may_bind_nonlocal() || is_local()) {
        Ok(())
    } else {
        Err(EADDRNOTAVAIL)
    }
}

fn claim_of(sk: &Sk, endpoint: &Arc<Endpoint>, binding: &Binding) -> Claim {
    Claim {
        endpoint: endpoint.clone(),
        sk: ARef::from(sk),
        binding: binding.clone(),
    }
}

/// Tries the ports of the ephemeral range from a random one on. One that somebody has is not
/// shared, who might not want that.
fn any_port(sk: &Sk, endpoint: &Arc<Endpoint>, binding: &mut Binding) -> Result {
    let (low, high) = sk.port_range();
    let count = u32::from(high.saturating_sub(low)).saturating_add(1);
    let first = KernelRng.next_u32() % count;
    for n in 0..count {
        let offset = (first.wrapping_add(n)) % count;
        let Ok(port) = u16::try_from(u32::from(low).saturating_add(offset)) else {
            continue;
        };
        if sk.net().reserves(port) {
            continue;
        }
        binding.port = port;
        let claim = claim_of(sk, endpoint, binding);
        let result = endpoint.pernet.ports.lock().claim_unused(claim);
        match result {
            Err(e) if e == EADDRINUSE => {}
            result => return result,
        }
    }
    Err(EADDRINUSE)
}
