// SPDX-License-Identifier: GPL-2.0

//! Who has which port, and at which addresses.
//!
//! Everybody who has a port is entered in the bucket of that port: sockets that were bound with a
//! claim of their own; sockets that were accepted or peeled off, of which there may be very many,
//! counted together with all that have the same addresses.

use crate::{
    endpoint::Endpoint,
    engine::addr::{Address, IpAddr},
    sys::{
        group, ifaddr,
        net::Net,
        skb::{SkbRange, Via},
        sock::Sk,
    },
};
use kernel::{
    prelude::*,
    rbtree::RBTree,
    sync::{aref::ARef, Arc},
};

/// What a socket is bound to.
#[derive(Clone)]
pub(crate) struct Binding {
    /// At least one. An unspecified one means all addresses of its family, and is alone.
    pub(crate) addrs: Arc<KVec<Address>>,
    pub(crate) port: u16,
    /// `[::]` without IPv4.
    pub(crate) v6_only: bool,
    /// `SO_REUSEADDR` when it was bound.
    pub(crate) reuse: bool,
    /// The user whose sockets share the port, with `SO_REUSEPORT` when it was bound.
    pub(crate) group: Option<u32>,
    /// The interface that it was bound to then, or 0.
    pub(crate) ifindex: u32,
}

impl Binding {
    /// The addresses that the user has named: none if all are meant.
    pub(crate) fn named(&self) -> &[Address] {
        if self.addrs.iter().any(|addr| addr.ip.is_unspecified()) {
            return &[];
        }
        &self.addrs
    }

    /// Calls `f` with each address, of a wildcard with all that the host has on an interface, or
    /// on any if `ifindex` is 0. `f` must not sleep.
    pub(crate) fn for_each_address(&self, net: &Net, ifindex: u32, mut f: impl FnMut(Address)) {
        let named = self.named();
        if !named.is_empty() {
            named.iter().copied().for_each(f);
            return;
        }
        ifaddr::for_each(net, ifindex, |addr| {
            if self.covers(&addr) {
                f(addr);
            }
        });
    }

    /// Whether packets to an address are for this socket.
    fn covers(&self, addr: &Address) -> bool {
        self.addrs.iter().any(|own| meet(own, addr, self.v6_only))
    }

    /// Whether this socket and another one get some of the same packets to `theirs`, addresses of
    /// that one.
    fn meets(&self, other: &Self, theirs: &[Address]) -> bool {
        if !may_meet(self.ifindex, other.ifindex) {
            return false;
        }
        let v6_only = self.v6_only || other.v6_only;
        let meets = |own| theirs.iter().any(|addr| meet(own, addr, v6_only));
        self.addrs.iter().any(meets)
    }

    /// Whether both are of one user who wants them to share the port (`SO_REUSEPORT`).
    fn is_in_group_of(&self, other: &Self) -> bool {
        self.group.is_some() && self.group == other.group
    }

    /// Whether both have the same addresses.
    fn is_like(&self, other: &Self) -> bool {
        let mut addrs = self.addrs.iter();
        self.addrs.len() == other.addrs.len() && addrs.all(|addr| other.addrs.contains(addr))
    }
}

/// Whether some packet is for sockets that are bound to these interfaces, or to none.
pub(crate) fn may_meet(a: u32, b: u32) -> bool {
    a == 0 || b == 0 || a == b
}

/// Whether sockets that are bound to `a` and to `b` get some of the same packets. `v6_only` is
/// whether one of them is without IPv4.
pub(crate) fn meet(a: &Address, b: &Address, v6_only: bool) -> bool {
    match (a.ip, b.ip) {
        (IpAddr::V4(_), IpAddr::V4(_)) | (IpAddr::V6(_), IpAddr::V6(_)) => {
            a.ip.is_unspecified() || b.ip.is_unspecified() || a == b
        }
        // The IPv6 wildcard includes IPv4.
        (IpAddr::V6(v6), IpAddr::V4(_)) | (IpAddr::V4(_), IpAddr::V6(v6)) => {
            v6.is_unspecified() && !v6_only
        }
    }
}

/// A claim of an endpoint to a port.
pub(crate) struct Claim {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) sk: ARef<Sk>,
    pub(crate) binding: Binding,
}

/// Sockets that were accepted, or peeled off, and have the same addresses.
struct Children {
    binding: Binding,
    count: usize,
}

impl Children {
    fn are_of(&self, binding: &Binding) -> bool {
        Arc::ptr_eq(&self.binding.addrs, &binding.addrs)
    }
}

/// Everybody who has a certain port.
#[derive(Default)]
struct Bucket {
    claims: KVec<Claim>,
    children: KVec<Children>,
}

impl Bucket {
    /// Whether somebody has one of `addrs`, which are to become part of `binding`, already: that
    /// `SO_REUSEPORT` allows, and `SO_REUSEADDR` if it is on for both, as long as the other one does
    /// not listen.
    fn refuses(&self, binding: &Binding, addrs: &[Address]) -> bool {
        let claims = self.claims.iter();
        let claims = claims.map(|c| (&c.binding, c.endpoint.is_listening()));
        let children = self.children.iter().map(|c| (&c.binding, false));
        Iterator::chain(claims, children).any(|(other, listens)| {
            let may_share = binding.reuse && other.reuse && !listens;
            !may_share && !binding.is_in_group_of(other) && other.meets(binding, addrs)
        })
    }

    /// Counts a child. What fails has changed nothing.
    fn add_child(&mut self, binding: &Binding) -> Result {
        if let Some(children) = self.children.iter_mut().find(|c| c.are_of(binding)) {
            children.count = children.count.saturating_add(1);
            return Ok(());
        }
        let binding = binding.clone();
        Ok(self
            .children
            .push(Children { binding, count: 1 }, GFP_ATOMIC)?)
    }

    fn remove_child(&mut self, binding: &Binding) {
        let Some(at) = self.children.iter().position(|c| c.are_of(binding)) else {
            return;
        };
        if let Some(children) = self.children.get_mut(at) {
            children.count = children.count.saturating_sub(1);
            if children.count == 0 {
                let _ = self.children.remove(at);
            }
        }
    }
}

/// The ports of a namespace.
pub(crate) struct Ports {
    /// None of them is empty.
    buckets: RBTree<u16, Bucket>,
}

impl Ports {
    pub(crate) fn new() -> Self {
        Self {
            buckets: RBTree::new(),
        }
    }

    /// Enters a claim, or says `EADDRINUSE`.
    pub(crate) fn claim(&mut self, claim: Claim) -> Result {
        let port = claim.binding.port;
        if self.buckets.get(&port).is_none() {
            self.buckets
                .try_create_and_insert(port, Bucket::default(), GFP_ATOMIC)?;
        }
        let bucket = self.buckets.get_mut(&port).ok_or(ENOMEM)?;
        let result = if bucket.refuses(&claim.binding, &claim.binding.addrs) {
            Err(EADDRINUSE)
        } else {
            bucket.claims.push(claim, GFP_ATOMIC).map_err(Error::from)
        };
        self.trim(port);
        result
    }

    /// Enters a claim to a port that nobody else has, whatever may be shared.
    pub(crate) fn claim_unused(&mut self, claim: Claim) -> Result {
        if self.buckets.get(&claim.binding.port).is_some() {
            return Err(EADDRINUSE);
        }
        self.claim(claim)
    }

    /// Changes what an endpoint is bound to, a child from `old`. `EADDRINUSE` if somebody has one
    /// of the addresses that were `added`.
    pub(crate) fn rebind(
        &mut self,
        endpoint: &Arc<Endpoint>,
        old: &Binding,
        new: &Binding,
        added: &[Address],
    ) -> Result {
        let bucket = self.buckets.get_mut(&old.port).ok_or(EINVAL)?;
        if bucket.refuses(new, added) {
            return Err(EADDRINUSE);
        }
        let mut claims = bucket.claims.iter_mut();
        if let Some(claim) = claims.find(|c| Arc::ptr_eq(&c.endpoint, endpoint)) {
            claim.binding = new.clone();
            return Ok(());
        }
        bucket.add_child(new)?;
        bucket.remove_child(old);
        Ok(())
    }

    fn trim(&mut self, port: u16) {
        if let Some(bucket) = self.buckets.get(&port) {
            if bucket.claims.is_empty() && bucket.children.is_empty() {
                self.buckets.remove(&port);
            }
        }
    }

    fn claims(&self, port: u16) -> impl Iterator<Item = &Claim> {
        let bucket = self.buckets.get(&port).into_iter();
        bucket.flat_map(|b| b.claims.iter())
    }

    /// Lets an endpoint begin to listen: `EADDRINUSE` if another one on its addresses does, and
    /// `EEXIST` if that is in its group but has others, too.
    pub(crate) fn listen(&self, port: u16, endpoint: &Arc<Endpoint>) -> Result {
        let mut claims = self.claims(port);
        let Some(own) = claims.find(|c| Arc::ptr_eq(&c.endpoint, endpoint)) else {
            return Err(EADDRINUSE);
        };
        let binding = &own.binding;
        let mut member = own;
        let listening = self.claims(port).filter(|c| c.endpoint.is_listening());
        for other in listening.filter(|c| c.binding.meets(binding, &binding.addrs)) {
            if !binding.is_in_group_of(&other.binding) {
                return Err(EADDRINUSE);
            }
            if !binding.is_like(&other.binding) {
                return Err(EEXIST);
            }
            member = other;
        }
        if binding.group.is_some() {
            group::join(&own.sk, &member.sk, binding.named().is_empty())?;
        }
        endpoint.set_listening(true);
        Ok(())
    }

    /// Lets an endpoint listen no more.
    pub(crate) fn stop_listening(&self, endpoint: &Endpoint, sk: &Sk) {
        endpoint.set_listening(false);
        group::leave(sk);
    }

    /// Takes an endpoint's claim out.
    pub(crate) fn release(&mut self, port: u16, endpoint: &Arc<Endpoint>) -> Option<Claim> {
        let bucket = self.buckets.get_mut(&port)?;
        let at = bucket
            .claims
            .iter()
            .position(|c| Arc::ptr_eq(&c.endpoint, endpoint))?;
        let claim = bucket.claims.remove(at).ok();
        self.trim(port);
        claim
    }

    /// Notes that an accepted socket uses the port, which is claimed by its listener.
    pub(crate) fn add_child(&mut self, binding: &Binding) -> Result {
        let bucket = self.buckets.get_mut(&binding.port).ok_or(ENOENT)?;
        bucket.add_child(binding)
    }

    /// Undoes [`Self::add_child`].
    pub(crate) fn remove_child(&mut self, binding: &Binding) {
        if let Some(bucket) = self.buckets.get_mut(&binding.port) {
            bucket.remove_child(binding);
        }
        self.trim(binding.port);
    }

    /// Who listens at an address for what comes in that way. One that is bound to an interface or
    /// to just that address comes before others. Of a group, a program of the user chooses by what
    /// has come, or `hash`.
    pub(crate) fn listener(
        &self,
        port: u16,
        to: &Address,
        via: Via,
        packet: &SkbRange,
        hash: impl FnOnce() -> u32,
    ) -> Option<(Arc<Endpoint>, ARef<Sk>)> {
        let rank = |c: &Claim| (c.sk.bound_ifindex() != 0, c.binding.addrs.contains(to));
        let listening = || {
            let listening = self.claims(port).filter(|c| c.endpoint.is_listening());
            listening.filter(|c| c.binding.covers(to) && via.reaches(c.sk.bound_ifindex()))
        };
        let best = listening().map(rank).max()?;
        let first = listening().find(|c| rank(c) == best)?;
        let is_of_group = |c: &&Claim| rank(c) == best && c.binding.is_in_group_of(&first.binding);
        let group = || listening().filter(is_of_group);
        let chosen = match group().count() {
            0 | 1 => first,
            count => {
                let hash = hash();
                // Nobody stops listening as long as the ports are locked.
                let chosen = packet.choose_of_group(&first.sk, hash);
                let is_chosen = |c: &&Claim| chosen.as_ref().is_some_and(|sk| sk.is(&c.sk));
                let by_hash = || group().nth(hash as usize % count);
                // Those that were bound to interfaces are in groups that differ from these.
                group().find(is_chosen).or_else(by_hash)?
            }
        };
        Some((chosen.endpoint.clone(), chosen.sk.clone()))
    }
}
