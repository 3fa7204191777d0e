// SPDX-License-Identifier: GPL-2.0

//! Which addresses may be spoken of with whom: RFC 9260, 5.1.2, and
//! draft-stewart-tsvwg-sctp-ipv4-00, 3.
//!
//! An address means something within its scope only: 127.0.0.1 is another host for each host.
//! Both sides of an association hear of addresses of a scope at least as wide as that of the
//! address under which they know each other. So nobody is told what it has no use for, and
//! nobody can make this host send to its own loopback, to a neighbour of its, or into a private
//! network, who is not there himself.

use super::{
    addr::{Address, Addresses, IpAddr, Ipv4Addr, Ipv6Addr},
    wire::init::{AddressTypes, Init},
};

/// How far an address reaches, from near to far.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Scope {
    Loopback,
    Link,
    /// RFC 1918, RFC 2544 and IPv6's former site-local addresses.
    Private,
    /// All others; also unique local IPv6 addresses, which no two sites share (RFC 4193, 3.3).
    Global,
}

impl Scope {
    pub(crate) fn of(address: &Address) -> Self {
        match address.ip {
            IpAddr::V4(ip) => Self::of_v4(ip),
            IpAddr::V6(ip) => Self::of_v6(ip),
        }
    }

    fn of_v4(ip: Ipv4Addr) -> Self {
        let [a, b, _, _] = ip.octets();
        let is_benchmark = a == 198 && b & !1 == 18;
        if ip.is_loopback() {
            Self::Loopback
        } else if ip.is_link_local() {
            Self::Link
        } else if ip.is_private() || is_benchmark {
            Self::Private
        } else {
            Self::Global
        }
    }

    fn of_v6(ip: Ipv6Addr) -> Self {
        let [first, ..] = ip.segments();
        let is_site_local = first & 0xffc0 == 0xfec0;
        if ip.is_loopback() {
            Self::Loopback
        } else if ip.is_unicast_link_local() {
            Self::Link
        } else if is_site_local {
            Self::Private
        } else {
            Self::Global
        }
    }
}

/// How strictly that is taken: the sysctl `addr_scope_policy`, in its order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[allow(dead_code)]
pub(crate) enum ScopePolicy {
    /// Any address goes.
    Off,
    #[default]
    Strict,
    /// Private addresses go, too.
    PrivateToo,
    /// Link-local IPv4 addresses go, too.
    LinkLocalToo,
}

impl ScopePolicy {
    /// Whether `address`, of either side, may be spoken of between this host and the `peer`.
    ///
    /// A link-local IPv6 address has a meaning on its own link only, whatever the policy.
    pub(crate) fn allows(self, address: &Address, peer: &Address) -> bool {
        let scope = Scope::of(address);
        if scope == Scope::Link && address.ip.is_ipv6() {
            return address.scope_id != 0 && address.scope_id == peer.scope_id;
        }
        let excused = match self {
            Self::Off => true,
            Self::Strict => false,
            Self::PrivateToo => scope == Scope::Private,
            Self::LinkLocalToo => scope == Scope::Link,
        };
        address.is_unicast() && (excused || scope >= Scope::of(peer))
    }

    /// The addresses of the sender of an INIT or INIT ACK that came `from` one of them. Left out
    /// are those that are out of scope, `locals`, and those that could not be sent to, since
    /// none of `locals` is of their family.
    pub(crate) fn claimed(self, init: &Init<'_>, from: Address, locals: &Addresses) -> Addresses {
        let mut claimed = Addresses::new(from);
        for address in init.addresses(from) {
            let is_usable = locals.has_family_of(&address) && !locals.contains(&address);
            if is_usable && self.allows(&address, &from) {
                claimed.insert(address);
            }
        }
        claimed
    }

    /// What of `locals` an INIT or INIT ACK `from` one of them lists to a peer that can use
    /// addresses of these `types`. Nothing if it would be but `from` (3.3.2, note 1).
    pub(crate) fn told(
        self,
        locals: &Addresses,
        from: &Address,
        to: &Address,
        types: Option<AddressTypes>,
    ) -> Option<Addresses> {
        let mut told: Option<Addresses> = None;
        for address in locals.as_slice() {
            let is_usable = address.is_family_of(to) || types.is_none_or(|t| t.have(address));
            if !is_usable || !self.allows(address, to) {
                continue;
            }
            match &mut told {
                Some(told) => told.insert(*address),
                None => told = Some(Addresses::new(*address)),
            }
        }
        told.filter(|told| told.as_slice() != [*from])
    }
}

/// The kinds of addresses that are among `locals`, for the peer to list no others (3.3.2.1.6).
pub(crate) fn types(locals: &Addresses) -> AddressTypes {
    let any = |is: fn(&IpAddr) -> bool| locals.as_slice().iter().any(|a| is(&a.ip));
    AddressTypes {
        ipv4: any(IpAddr::is_ipv4),
        ipv6: any(IpAddr::is_ipv6),
    }
}
