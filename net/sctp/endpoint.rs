// SPDX-License-Identifier: GPL-2.0

//! A socket on the Rust side: what belongs to it alone, whatever its associations do.
//!
//! A one-to-many socket has one endpoint with all its associations. A one-to-one socket that
//! listens gets an endpoint of its own for each association that comes in; `accept()` makes a
//! socket for it. An association changes its endpoint only by `sctp_peeloff()`.

use crate::{
    association::{Assoc, AssocId, Engine},
    engine::{
        addr::{Address, Addresses, IpAddr, Ipv4Addr},
        event::Closed,
        ring::Ring,
    },
    pernet::Pernet,
    ports::Binding,
    queue::{Item, Queue},
    settings::Settings,
    sys::{
        lock::{new_spinlock_bh, SpinLockBh},
        object::CountedEndpoint,
        sock::Sk,
    },
};
use core::mem::take;
use kernel::{
    new_mutex,
    prelude::*,
    rbtree::RBTree,
    sync::{
        aref::ARef,
        atomic::{Atomic, Relaxed},
        Arc, Mutex,
    },
};

/// The two styles of sockets (RFC 6458, 3 and 4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    /// `SOCK_STREAM`.
    OneToOne,
    /// `SOCK_SEQPACKET`.
    OneToMany,
}

/// A transport address: what a user means by one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct TransportAddr {
    pub(crate) addr: Address,
    pub(crate) port: u16,
}

/// What a one-to-one socket with an association is called.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    pub(crate) peer: TransportAddr,
    /// Where its packets come from, as far as the peer has shown that.
    local: Option<IpAddr>,
}

impl Names {
    /// By the primary path of the association.
    pub(crate) fn of(engine: &Engine) -> Self {
        let path = engine.paths().get(engine.primary().index());
        let none = Address::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Self {
            peer: TransportAddr {
                addr: path.map_or(none, |p| p.addr),
                port: engine.peer_port(),
            },
            local: path.and_then(|p| p.local).map(|a| a.ip),
        }
    }

    pub(crate) fn give_to(&self, sk: &Sk) {
        sk.set_peer(self.peer.addr.ip, self.peer.port);
        if let Some(local) = self.local {
            sk.set_source(local);
        }
    }
}

/// An established association that waits for `accept()`. It may end before, its name stays.
pub(crate) struct Waiting {
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) names: Names,
}

/// Most memory that an association is not told of at once.
const MAX_UNREPORTED: usize = 4096;

/// What was read of an association that it does not know yet. It has more to be read, so there is
/// no hurry: to take its lock for each message of a packet would be for nothing.
#[derive(Default)]
pub(crate) struct Unreported {
    assoc: AssocId,
    bytes: usize,
    memory: usize,
}

impl Unreported {
    /// Tells the association, unless that is `assoc`.
    pub(crate) fn report_but_of(&mut self, endpoint: &Endpoint, assoc: Option<AssocId>) {
        if self.bytes == 0 || Some(self.assoc) == assoc {
            return;
        }
        let owner = endpoint.assoc(self.assoc);
        let Self { bytes, memory, .. } = take(self);
        if let Some(owner) = owner {
            owner.lock().consumed(bytes, memory);
        }
    }

    /// So many bytes of an association were read, and so much memory is free again, of a receive
    /// buffer of `rcvbuf` bytes. `more` is whether its next message is there to be read.
    pub(crate) fn add(
        &mut self,
        owner: &Arc<Assoc>,
        (bytes, memory): (usize, usize),
        rcvbuf: u32,
        more: bool,
    ) {
        self.assoc = owner.id;
        self.bytes = self.bytes.saturating_add(bytes);
        self.memory = self.memory.saturating_add(memory);
        if !more || self.memory >= MAX_UNREPORTED.min(rcvbuf as usize / 16) {
            let Self { bytes, memory, .. } = take(self);
            owner.lock().consumed(bytes, memory);
        }
    }
}

/// A socket's state.
#[pin_data]
pub(crate) struct Endpoint {
    /// In the order in which they were made.
    pub(crate) serial: u64,
    pub(crate) style: Style,
    pub(crate) pernet: Arc<Pernet>,
    listening: Atomic<bool>,
    /// Held by whoever takes something out of the queue, until it is read or put back; not while
    /// waiting for something to come.
    #[pin]
    pub(crate) reader: Mutex<Unreported>,
    /// Held by whoever sends memory that is lent (MSG_ZEROCOPY), while the call has a number that
    /// it may have to give back; not while waiting for room.
    #[pin]
    pub(crate) lender: Mutex<()>,
    #[pin]
    pub(crate) inner: SpinLockBh<Inner>,
    _counted: CountedEndpoint,
}

/// What the endpoint's lock protects.
pub(crate) struct Inner {
    /// `None` before `accept()` and after `close()`. This is a cycle of references, which
    /// `close()` breaks.
    pub(crate) sk: Option<ARef<Sk>>,
    pub(crate) binding: Option<Binding>,
    /// Whether the port is held as the child of a listener, not by an own claim.
    pub(crate) is_child: bool,
    pub(crate) assocs: RBTree<AssocId, Arc<Assoc>>,
    /// The same by the addresses of their peers.
    pub(crate) by_peer: RBTree<TransportAddr, AssocId>,
    /// Bounded by the socket's backlog, which `input` checks.
    pub(crate) accept_queue: Ring<Waiting>,
    pub(crate) queue: Queue,
    pub(crate) settings: Settings,
    pub(crate) closed: bool,
    /// How the last association ended: an accepted socket must know, even if that was before
    /// `accept()`; a waiting `connect()` wants to know it too.
    pub(crate) ended: Option<Closed>,
}

impl Endpoint {
    pub(crate) fn new(
        style: Style,
        pernet: Arc<Pernet>,
        settings: Settings,
        gfp: kernel::alloc::Flags,
    ) -> Result<Arc<Self>> {
        let serial = pernet.endpoints.lock().next_serial();
        let this = Arc::pin_init(
            pin_init!(Self {
                serial,
                style,
                pernet,
                listening: Atomic::new(false),
                reader <- new_mutex!(Unreported::default(), "sctp_reader"),
                lender <- new_mutex!((), "sctp_lender"),
                inner <- new_spinlock_bh!(
                    Inner {
                        sk: None,
                        binding: None,
                        is_child: false,
                        assocs: RBTree::new(),
                        by_peer: RBTree::new(),
                        accept_queue: Ring::new(),
                        queue: Queue::new(),
                        settings,
                        closed: false,
                        ended: None,
                    },
                    "sctp_endpoint"
                ),
                _counted: CountedEndpoint::one(),
            }),
            gfp,
        )?;
        this.pernet.endpoints.lock().enter(&this)?;
        Ok(this)
    }

    /// An endpoint for an association that has come in to a one-to-one listener.
    pub(crate) fn new_child(listener: &Self) -> Result<Arc<Self>> {
        let (settings, binding) = {
            let inner = listener.inner.lock();
            (inner.settings.clone(), inner.binding.clone().ok_or(EINVAL)?)
        };
        let child = Self::new(
            Style::OneToOne,
            listener.pernet.clone(),
            settings,
            GFP_ATOMIC,
        )?;
        let entered = listener.pernet.ports.lock().add_child(&binding);
        entered.inspect_err(|_| child.abandon())?;
        let mut inner = child.inner.lock();
        inner.binding = Some(binding);
        inner.is_child = true;
        drop(inner);
        Ok(child)
    }

    /// Closes an endpoint that no socket will ever have.
    pub(crate) fn abandon(self: &Arc<Self>) {
        self.inner.lock().closed = true;
        Self::leave_if_done(self);
    }

    /// What the socket is bound to, if it is.
    pub(crate) fn binding(&self) -> Option<Binding> {
        self.inner.lock().binding.clone()
    }

    pub(crate) fn is_listening(&self) -> bool {
        self.listening.load(Relaxed)
    }

    /// For [`Ports`](crate::ports::Ports), under whose lock this is.
    pub(crate) fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Relaxed);
    }

    /// Lets its socket listen no more.
    pub(crate) fn stop_listening(&self, sk: &Sk) {
        if self.is_listening() {
            self.pernet.ports.lock().stop_listening(self, sk);
        }
    }

    /// The association of a one-to-one socket.
    pub(crate) fn only_assoc(&self) -> Option<Arc<Assoc>> {
        self.inner.lock().only_assoc().cloned()
    }

    pub(crate) fn assoc(&self, id: AssocId) -> Option<Arc<Assoc>> {
        self.inner.lock().assocs.get(&id).cloned()
    }

    /// The association with the lowest id above this one.
    pub(crate) fn assoc_after(&self, id: AssocId) -> Option<Arc<Assoc>> {
        let inner = self.inner.lock();
        let cursor = inner.assocs.cursor_lower_bound(&id.checked_add(1)?)?;
        Some(cursor.current().1.clone())
    }

    /// The association with a peer.
    pub(crate) fn assoc_with(&self, peer: &TransportAddr) -> Option<Arc<Assoc>> {
        let inner = self.inner.lock();
        let id = inner.by_peer.get(peer)?;
        inner.assocs.get(id).cloned()
    }

    /// The associations there are now. Whoever walks them holds no lock meanwhile.
    pub(crate) fn all_assocs(&self) -> Result<KVec<Arc<Assoc>>> {
        let mut all = KVec::new();
        loop {
            let count = self.inner.lock().assocs.values().count();
            all.clear();
            all.reserve(count, GFP_KERNEL)?;
            let inner = self.inner.lock();
            if inner
                .assocs
                .values()
                .all(|a| all.push_within_capacity(a.clone()).is_ok())
            {
                return Ok(all);
            }
            // More of them came in between.
        }
    }

    /// The addresses of this endpoint that a peer may know of, `first` before all others: those it
    /// was bound to, or what this host has now, as far as the peer's scope allows.
    pub(crate) fn locals(&self, sk: &Sk, first: Address, peer: &Address) -> Addresses {
        let policy = self.inner.lock().settings.config.scope_policy;
        let mut locals = Addresses::new(first);
        if let Some(binding) = self.binding() {
            binding.for_each_address(&sk.net(), sk.bound_ifindex(), |address| {
                if policy.allows(&address, peer) {
                    locals.insert(address);
                }
            });
        }
        locals
    }

    /// The associations there are now, also those that wait for `accept()`, by their ids.
    pub(crate) fn all_assocs_and_waiting(&self) -> Result<KVec<Arc<Assoc>>> {
        let mut all = self.all_assocs()?;
        let mut children: KVec<Arc<Self>> = KVec::new();
        loop {
            let count = self.inner.lock().accept_queue.len();
            children.clear();
            children.reserve(count, GFP_KERNEL)?;
            let inner = self.inner.lock();
            let mut waiting = inner.accept_queue.iter().map(|w| w.endpoint.clone());
            if waiting.all(|child| children.push_within_capacity(child).is_ok()) {
                break;
            }
        }
        for child in &children {
            let Some(assoc) = child.only_assoc() else {
                continue;
            };
            all.reserve(1, GFP_KERNEL)?;
            // They wait in the order in which they came up, so this is nearly always the end.
            let at = all.partition_point(|other| other.id <= assoc.id);
            all.insert_within_capacity(at, assoc).map_err(|_| ENOMEM)?;
        }
        Ok(all)
    }

    /// Lets go of the port, and of the place among all endpoints, when nobody needs them any more:
    /// the socket is closed and the last association gone.
    pub(crate) fn leave_if_done(this: &Arc<Self>) {
        let mut inner = this.inner.lock();
        if !inner.closed || !inner.assocs.is_empty() {
            return;
        }
        let binding = inner.binding.take();
        let is_child = inner.is_child;
        drop(inner);
        let own = this.pernet.endpoints.lock().leave(this.serial);
        drop(own);
        if let Some(binding) = binding {
            let mut ports = this.pernet.ports.lock();
            let claim = if is_child {
                ports.remove_child(&binding);
                None
            } else {
                ports.release(binding.port, this)
            };
            drop(ports);
            // May hold the last reference to an endpoint: not to be dropped under the lock.
            drop(claim);
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        self.inner.lock().settings.clone()
    }
}

/// The endpoints of a namespace, for who shows them.
pub(crate) struct Endpoints {
    by_serial: RBTree<u64, Arc<Endpoint>>,
    next: u64,
}

impl Endpoints {
    pub(crate) fn new() -> Self {
        Self {
            by_serial: RBTree::new(),
            next: 0,
        }
    }

    fn next_serial(&mut self) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.next
    }

    fn enter(&mut self, endpoint: &Arc<Endpoint>) -> Result {
        self.by_serial
            .try_create_and_insert(endpoint.serial, endpoint.clone(), GFP_ATOMIC)?;
        Ok(())
    }

    /// What is returned may be the last reference, which is not to be dropped under the lock.
    fn leave(&mut self, serial: u64) -> Option<Arc<Endpoint>> {
        self.by_serial.remove(&serial)
    }

    /// The first one from this number on.
    pub(crate) fn next(&self, serial: u64) -> Option<Arc<Endpoint>> {
        let cursor = self.by_serial.cursor_lower_bound(&serial)?;
        Some(cursor.current().1.clone())
    }
}

impl Inner {
    /// The association of a one-to-one socket.
    pub(crate) fn only_assoc(&self) -> Option<&Arc<Assoc>> {
        self.assocs.values().next()
    }

    /// Makes an association known by all addresses of its peer. Another association that has
    /// one of them keeps it.
    pub(crate) fn enter_peer(&mut self, id: AssocId, engine: &Engine) -> Result {
        for path in engine.paths() {
            let peer = TransportAddr {
                addr: path.addr,
                port: engine.peer_port(),
            };
            if self.by_peer.get(&peer).is_none() {
                self.by_peer.try_create_and_insert(peer, id, GFP_ATOMIC)?;
            }
        }
        Ok(())
    }

    /// Enters an association. If that fails, [`Self::leave`] is to undo what was done of it.
    pub(crate) fn enter(&mut self, assoc: &Arc<Assoc>, engine: &Engine) -> Result {
        self.assocs
            .try_create_and_insert(assoc.id, assoc.clone(), GFP_ATOMIC)?;
        self.enter_peer(assoc.id, engine)
    }

    /// Takes an association out. What is returned may be the last reference to it, which is not
    /// to be dropped under the lock.
    pub(crate) fn leave(&mut self, id: AssocId, engine: &Engine) -> Option<Arc<Assoc>> {
        for path in engine.paths() {
            self.leave_peer(id, &path.addr, engine.peer_port());
        }
        self.assocs.remove(&id)
    }

    /// Forgets one address of an association's peer.
    pub(crate) fn leave_peer(&mut self, id: AssocId, addr: &Address, port: u16) {
        let peer = TransportAddr { addr: *addr, port };
        if self.by_peer.get(&peer) == Some(&id) {
            self.by_peer.remove(&peer);
        }
    }

    /// Takes the first thing to read.
    pub(crate) fn pop(&mut self) -> Option<Item> {
        self.queue.pop(self.settings.interleaves_fragments)
    }

    /// Whether there is as much to read as a reader wants to be woken for: so many bytes, or a
    /// notification, or what there will ever be.
    pub(crate) fn is_readable(&mut self, lowat: usize) -> bool {
        let suffices = self.queue.suffices(lowat) || self.assocs.is_empty();
        suffices && self.queue.has_something_to_read()
    }
}
