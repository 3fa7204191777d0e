// SPDX-License-Identifier: GPL-2.0

//! Which way to a peer, and from which of our addresses (RFC 9260, 6.4).

use crate::{
    engine::{
        addr::{Address, IpAddr},
        config::Marks,
    },
    sys::{
        ifaddr,
        ip::{Ends, Route},
        sock::Sk,
    },
};
use kernel::prelude::*;

/// Finds a route to a peer for a socket. It leaves from the address that routing chooses if that
/// is one of `locals`, or if there are none; else from one of `locals` that belongs to the same
/// interface, or from the first that there is a way from.
pub(crate) fn find(
    sk: &Sk,
    locals: &[Address],
    to: &Address,
    to_port: u16,
    from_port: u16,
    marks: Marks,
) -> Result<Route> {
    let lookup = |from: Option<IpAddr>| {
        Route::lookup(
            &sk.net(),
            Some(sk),
            &Ends {
                to: *to,
                from,
                to_port,
                from_port,
                ifindex: sk.bound_ifindex(),
                marks,
            },
        )
    };
    if let [only] = locals {
        return lookup(Some(only.ip));
    }
    let chosen = lookup(None);
    let ifindex = match &chosen {
        Ok(route) if locals.is_empty() || locals.contains(&route.source_address()) => {
            return chosen
        }
        Ok(route) => route.ifindex(),
        Err(_) => 0,
    };
    let usable = || locals.iter().filter(|local| local.is_family_of(to));
    let is_near = |local: &&Address| ifindex != 0 && ifaddr::is_on(&sk.net(), ifindex, local);
    let from = |local: &Address| lookup(Some(local.ip)).ok();
    usable()
        .filter(is_near)
        .find_map(from)
        .or_else(|| usable().find_map(from))
        .ok_or_else(|| chosen.err().unwrap_or(EADDRNOTAVAIL))
}
