// SPDX-License-Identifier: GPL-2.0

//! `bind()`, and choosing a port for who has not called it (RFC 6458, 3.1.2 and 4.1.2).

use super::addr;
use crate::{
    endpoint::{Binding, Endpoint, TransportAddr},
    engine::cx::Rng,
    pernet::Claim,
    sys::{
        crypto::KernelRng,
        ip,
        sock::Sk, //
    },
};
use kernel::{prelude::*, sync::Arc};

/// Binds a socket to an address of this host, or to all.
pub(crate) fn bind(sk: &Sk, name: &[u8]) -> Result {
    let _guard = sk.lock();
    let to = addr::parse(sk, name)?;
    let endpoint: Arc<Endpoint> = sk.endpoint()?.into();
    if endpoint.inner.lock().binding.is_some() {
        return Err(EINVAL);
    }
    check_address(sk, &to)?;
    if to.port != 0 && !sk.net().may_bind(to.port) {
        return Err(EACCES);
    }
    claim(sk, &endpoint, &to)
}

/// Binds a socket that is not bound to all addresses and a port of the system's choice.
pub(crate) fn autobind(sk: &Sk) -> Result {
    let endpoint: Arc<Endpoint> = sk.endpoint()?.into();
    if endpoint.inner.lock().binding.is_some() {
        return Ok(());
    }
    let to = TransportAddr {
        addr: addr::wildcard(sk),
        port: 0,
    };
    claim(sk, &endpoint, &to).map_err(|e| if e == EADDRINUSE { EAGAIN } else { e })
}

fn check_address(sk: &Sk, to: &TransportAddr) -> Result {
    if to.addr.ip.is_unspecified() || sk.may_bind_nonlocal() {
        return Ok(());
    }
    if to.addr.is_unicast() && ip::is_local(&sk.net(), &to.addr) {
        Ok(())
    } else {
        Err(EADDRNOTAVAIL)
    }
}

fn claim(sk: &Sk, endpoint: &Arc<Endpoint>, to: &TransportAddr) -> Result {
    let port = if to.port != 0 {
        try_port(sk, endpoint, to, to.port)?;
        to.port
    } else {
        any_port(sk, endpoint, to)?
    };
    endpoint.inner.lock().binding = Some(Binding {
        addr: to.addr,
        port,
    });
    sk.set_local(to.addr.ip, port);
    Ok(())
}

fn try_port(sk: &Sk, endpoint: &Arc<Endpoint>, to: &TransportAddr, port: u16) -> Result {
    let claim = Claim {
        endpoint: endpoint.clone(),
        ip: to.addr.ip,
        v6_only: sk.is_ipv6_only(),
        reuse: sk.may_reuse() || endpoint.inner.lock().settings.reuse_port,
    };
    endpoint.pernet.ports.lock().claim(port, claim)
}

/// Tries the ports of the ephemeral range from a random one on.
fn any_port(sk: &Sk, endpoint: &Arc<Endpoint>, to: &TransportAddr) -> Result<u16> {
    let (low, high) = sk.port_range();
    let count = u32::from(high.saturating_sub(low)).saturating_add(1);
    let first = KernelRng.next_u32() % count;
    for n in 0..count {
        let offset = (first.wrapping_add(n)) % count;
        let Ok(port) = u16::try_from(u32::from(low).saturating_add(offset)) else {
            continue;
        };
        match try_port(sk, endpoint, to, port) {
            Err(e) if e == EADDRINUSE => {}
            Err(e) => return Err(e),
            Ok(()) => return Ok(port),
        }
    }
    Err(EADDRINUSE)
}
