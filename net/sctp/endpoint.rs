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
        event::{Closed, Received},
        ring::Ring,
    },
    pernet::Pernet,
    ports::Binding,
    settings::Settings,
    sys::{
        lock::{new_spinlock_bh, SpinLockBh},
        memory::Allowance,
        object::{Counted, Kind},
        skb::SkbRange,
        sock::Sk,
    },
};
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

/// Something to be read from a socket.
pub(crate) enum Item {
    Data {
        assoc: AssocId,
        /// SCTP_CONTEXT when it came.
        context: u32,
        peer_port: u16,
        received: Received<SkbRange>,
        /// How many bytes of it the user has read.
        read: usize,
        /// What the socket is charged with for the items of an association that has ended; at the
        /// last one.
        charge: Option<Allowance>,
    },
    Notification {
        assoc: AssocId,
        bytes: KVec<u8>,
        read: usize,
        /// The peer's primary address.
        about: TransportAddr,
        /// As above.
        charge: Option<Allowance>,
    },
}

impl Item {
    /// Whose it is.
    fn assoc(&self) -> AssocId {
        match self {
            Self::Data { assoc, .. } | Self::Notification { assoc, .. } => *assoc,
        }
    }

    /// What a notification takes of the receive buffer, whatever of it was read.
    pub(crate) fn notification_truesize(bytes: &[u8]) -> usize {
        size_of::<Self>().saturating_add(bytes.len())
    }

    /// Where to note what an association that has ended leaves charged.
    fn charge_mut(&mut self) -> &mut Option<Allowance> {
        match self {
            Self::Data { charge, .. } | Self::Notification { charge, .. } => charge,
        }
    }

    /// How many bytes the user has not read.
    pub(crate) fn unread(&self) -> usize {
        match self {
            Self::Data { received, read, .. } => received.len().saturating_sub(*read),
            Self::Notification { bytes, read, .. } => bytes.len().saturating_sub(*read),
        }
    }

    /// The same, if it is data.
    fn unread_data(&self) -> usize {
        match self {
            Self::Data { .. } => self.unread(),
            Self::Notification { .. } => 0,
        }
    }
}

/// All that is to be read of one association.
pub(crate) struct Items {
    put_back: Option<Item>,
    received: Ring<Item>,
    notifications: usize,
    unread: usize,
}

/// A socket's state.
#[pin_data]
pub(crate) struct Endpoint {
    pub(crate) style: Style,
    pub(crate) pernet: Arc<Pernet>,
    listening: Atomic<bool>,
    /// Held by whoever takes something out of `received`, until it is read or put back; not while
    /// waiting for something to come.
    #[pin]
    pub(crate) reader: Mutex<()>,
    #[pin]
    pub(crate) inner: SpinLockBh<Inner>,
    _counted: Counted,
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
    /// Bounded by the receive buffer, for each association twice: its data and its notifications.
    pub(crate) received: Ring<Item>,
    /// What a reader has put back: it comes before `received`.
    pub(crate) put_back: Option<Item>,
    /// How many items associations have been promised room for in `received`.
    pub(crate) promised: usize,
    pub(crate) notifications: usize,
    /// Bytes of data to be read.
    unread: usize,
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
        Arc::pin_init(
            pin_init!(Self {
                style,
                pernet,
                listening: Atomic::new(false),
                reader <- new_mutex!((), "sctp_reader"),
                inner <- new_spinlock_bh!(
                    Inner {
                        sk: None,
                        binding: None,
                        is_child: false,
                        assocs: RBTree::new(),
                        by_peer: RBTree::new(),
                        accept_queue: Ring::new(),
                        received: Ring::new(),
                        put_back: None,
                        promised: 0,
                        notifications: 0,
                        unread: 0,
                        settings,
                        closed: false,
                        ended: None,
                    },
                    "sctp_endpoint"
                ),
                _counted: Counted::one(Kind::Endpoint),
            }),
            gfp,
        )
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
        listener.pernet.ports.lock().add_child(&binding)?;
        let mut inner = child.inner.lock();
        inner.binding = Some(binding);
        inner.is_child = true;
        drop(inner);
        Ok(child)
    }

    /// Closes an endpoint that no socket will ever have.
    pub(crate) fn abandon(self: &Arc<Self>) {
        self.inner.lock().closed = true;
        Self::release_port_if_done(self);
    }

    /// What the socket is bound to, if it is.
    pub(crate) fn binding(&self) -> Option<Binding> {
        self.inner.lock().binding.clone()
    }

    pub(crate) fn is_listening(&self) -> bool {
        self.listening.load(Relaxed)
    }

    pub(crate) fn set_listening(&self, listening: bool) {
        self.listening.store(listening, Relaxed);
    }

    /// The association of a one-to-one socket.
    pub(crate) fn only_assoc(&self) -> Option<Arc<Assoc>> {
        let inner = self.inner.lock();
        let assoc = inner.assocs.values().next().cloned();
        assoc
    }

    pub(crate) fn assoc(&self, id: AssocId) -> Option<Arc<Assoc>> {
        self.inner.lock().assocs.get(&id).cloned()
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

    /// Lets go of the port when nobody needs it any more: the socket is closed and the last
    /// association gone.
    pub(crate) fn release_port_if_done(this: &Arc<Self>) {
        let mut inner = this.inner.lock();
        if !inner.closed || !inner.assocs.is_empty() {
            return;
        }
        let binding = inner.binding.take();
        let is_child = inner.is_child;
        drop(inner);
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

impl Inner {
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

    /// Queues something for the reader, in room that was reserved.
    pub(crate) fn push(&mut self, item: Item) {
        if let Item::Notification { .. } = item {
            self.notifications = self.notifications.saturating_add(1);
        }
        self.unread = self.unread.saturating_add(item.unread_data());
        // The caller has reserved.
        let _ = self.received.push_reserved(item);
    }

    /// The first thing to read.
    pub(crate) fn first(&self) -> Option<&Item> {
        self.put_back.as_ref().or_else(|| self.received.front())
    }

    /// Takes the first thing to read.
    pub(crate) fn pop(&mut self) -> Option<Item> {
        let item = self.put_back.take().or_else(|| self.received.pop_front());
        if let Some(Item::Notification { .. }) = item {
            self.notifications = self.notifications.saturating_sub(1);
        }
        let unread = item.as_ref().map_or(0, Item::unread_data);
        self.unread = self.unread.saturating_sub(unread);
        item
    }

    /// Puts back what was read in part only. The caller is the only reader.
    pub(crate) fn put_back(&mut self, item: Item) {
        if let Item::Notification { .. } = item {
            self.notifications = self.notifications.saturating_add(1);
        }
        self.unread = self.unread.saturating_add(item.unread_data());
        self.put_back = Some(item);
    }

    /// Takes out all that is to be read of an association, or nothing if there is no memory.
    pub(crate) fn take_items(&mut self, id: AssocId) -> Result<Items> {
        let (mut kept, mut taken) = (Ring::new(), Ring::new());
        let len = self.received.len();
        kept.reserve(len.saturating_add(self.promised), GFP_ATOMIC)?;
        taken.reserve(len, GFP_ATOMIC)?;
        let (mut notifications, mut unread) = (0, 0_usize);
        let put_back = self.put_back.take_if(|item| item.assoc() == id);
        if let Some(item) = &put_back {
            notifications += usize::from(matches!(item, Item::Notification { .. }));
            unread = unread.saturating_add(item.unread_data());
        }
        while let Some(item) = self.received.pop_front() {
            let to = if item.assoc() == id {
                notifications += usize::from(matches!(item, Item::Notification { .. }));
                unread = unread.saturating_add(item.unread_data());
                &mut taken
            } else {
                &mut kept
            };
            // There is room for all of them in either.
            let _ = to.push_reserved(item);
        }
        self.received = kept;
        self.notifications = self.notifications.saturating_sub(notifications);
        self.unread = self.unread.saturating_sub(unread);
        Ok(Items {
            put_back,
            received: taken,
            notifications,
            unread,
        })
    }

    /// Gives a socket that has nothing to read yet what [`Self::take_items`] has taken.
    pub(crate) fn put_items(&mut self, items: Items) {
        self.put_back = items.put_back;
        self.received = items.received;
        self.notifications = items.notifications;
        self.unread = items.unread;
    }

    /// An association has ended: what was charged for it stays so until the last of its items is
    /// read. What is returned is to be dropped without the lock.
    pub(crate) fn keep_charged(&mut self, id: AssocId, rest: Allowance) -> Option<Allowance> {
        let received = &mut self.received;
        let last = (0..received.len())
            .rev()
            .find(|i| received.get(*i).is_some_and(|item| item.assoc() == id));
        let item = match last {
            Some(i) => received.get_mut(i),
            None => self.put_back.as_mut().filter(|item| item.assoc() == id),
        };
        match item {
            Some(item) => item.charge_mut().replace(rest),
            None => Some(rest),
        }
    }

    pub(crate) fn has_something_to_read(&self) -> bool {
        self.put_back.is_some() || !self.received.is_empty()
    }

    /// Whether there is as much to read as a reader wants to be woken for: so many bytes, or a
    /// notification, or what there will ever be.
    pub(crate) fn is_readable(&self, lowat: usize) -> bool {
        let suffices = self.notifications != 0 || self.unread >= lowat || self.assocs.is_empty();
        suffices && self.has_something_to_read()
    }
}
