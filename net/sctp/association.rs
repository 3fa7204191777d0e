// SPDX-License-Identifier: GPL-2.0

//! An association in the kernel: the engine's with what it needs around it, under one lock.
//!
//! Packet input, the timer and system calls each take that lock, call the engine and then
//! [`Locked::drain`] it: packets leave, events reach the socket, the timer is armed. Nothing
//! sleeps under the lock and user memory is not touched under it.
//!
//! It is found by its verification tag, and by each address of its peer that has been confirmed:
//! somebody who only claims to have an address must not keep its owner out (RFC 5062, 2).
//!
//! An association that has ended is taken out of all tables at once. Whoever still has a reference
//! finds `gone` set and does nothing with it.

use crate::{
    counters::{AssocCounters, Both, Established},
    deliver::{self, Room, Target},
    endpoint::{Endpoint, Style},
    engine::{
        self,
        addr::{Address, AddressList},
        assoc::State,
        config::{Config, Marks},
        cx::Cx,
        event::Event,
        icmp::Report,
        path::{Path, PathId, Way},
        stats::Counter,
        time::{Duration, Time},
        vec::retain,
        wire::builder::PacketBuilder,
    },
    output::{self, Departing, To},
    pernet::{PeerKey, Pernet},
    route,
    settings::{AssocSettings, Subscription, Subscriptions},
    sys::{
        clock,
        crypto::KernelRng,
        hash::{Entry, TagKey},
        icmp::IcmpError,
        ip::Route,
        lock::{new_spinlock_bh, SpinLockBh, SpinLockBhBackend},
        memory::Allowance,
        object::{CountedAssociation, CountedPath},
        skb::SkbRange,
        sock::Sk,
        timer::{HasTimer, Timer},
    },
};
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        atomic::{Atomic, Relaxed},
        lock::Guard,
        Arc,
    },
};

/// `sctp_assoc_t`: at least 3, since smaller numbers have a meaning in the socket API.
pub(crate) type AssocId = i32;

const FIRST_ID: AssocId = 3;

static NEXT_ID: Atomic<i32> = Atomic::new(FIRST_ID);

fn next_id() -> AssocId {
    loop {
        let id = NEXT_ID.fetch_add(1, Relaxed);
        if id >= FIRST_ID {
            return id;
        }
        // Wrapped around. Whoever comes here first or last: all numbers are unique for long.
        NEXT_ID.store(FIRST_ID, Relaxed);
    }
}

/// The engine's association over the kernel's memory.
pub(crate) type Engine = engine::assoc::Association<SkbRange>;

// There may be very many of these, so what each takes is known: kmalloc() has objects of these sizes
// and of none in between. Locks are larger where they are debugged.
const _: () = {
    assert!(size_of::<Engine>() <= 1024);
    assert!(size_of::<Config>() <= 192);
    assert!(size_of::<Path>() <= 512);
    assert!(size_of::<Known>() <= 32);
    assert!(cfg!(CONFIG_DEBUG_SPINLOCK) || size_of::<Assoc>() <= 512 - size_of::<usize>());
};

/// An association.
#[pin_data]
pub(crate) struct Assoc {
    pub(crate) id: AssocId,
    pub(crate) pernet: Arc<Pernet>,
    /// Our addresses: the engine's, for those who do not have the lock.
    pub(crate) locals: AddressList,
    /// The interface that its socket was bound to when it began, or 0.
    pub(crate) ifindex: u32,
    /// Nothing else is locked while this is.
    #[pin]
    pub(crate) settings: SpinLockBh<AssocSettings>,
    pub(crate) counters: AssocCounters,
    /// Memory of its notifications that the user has not read; changed under the lock. Bounded by
    /// the socket's receive buffer, see `deliver`.
    pub(crate) notified: Atomic<usize>,
    #[pin]
    inner: SpinLockBh<Inner>,
    #[pin]
    timer: Timer<Assoc>,
    _counted: CountedAssociation,
}

/// What the association's lock protects.
pub(crate) struct Inner {
    pub(crate) engine: KBox<Engine>,
    /// Whose it is: another one's after `sctp_peeloff()`.
    endpoint: Arc<Endpoint>,
    /// The socket by which packets leave: the endpoint's, before `accept()` its listener's. Kept
    /// after `close()` until the association has ended, so that the module and the namespace stay.
    pub(crate) sk: ARef<Sk>,
    /// What the socket was charged with for what the engine and the reader hold.
    pub(crate) allowance: Allowance,
    /// The listener to tell when the association is up, for one that has come in to one.
    listener: Option<Arc<Endpoint>>,
    /// The packet under construction.
    out: PacketBuilder<SkbRange>,
    /// By path.
    routes: KVec<Option<Route>>,
    tag: Option<Entry<Assoc>>,
    /// The paths that were entered into tables, in the engine's order.
    known: KVec<Known>,
    /// The tables are right as long as nothing but messages is told.
    followed: bool,
    /// Whether the engine could be drained: no allocation failed.
    complete: bool,
    armed: Option<Time>,
    /// How many items an event may add to what is to be read.
    max_items: u8,
    /// From COMMUNICATION UP to the end.
    established: Option<Established>,
    gone: bool,
}

/// A path that the endpoint knows of.
struct Known {
    addr: Address,
    /// Whether it was entered into [`Pernet::peers`], or refused there.
    is_entered: bool,
    _counted: CountedPath,
}

/// How long to wait after an allocation in [`Locked::drain`] failed.
const RETRY: Duration = Duration::from_millis(50);

/// Up to here the kernel rounds timers by less than a tenth of a second.
const FAR_OFF: Duration = Duration::from_secs(1);

/// What an association is made of.
pub(crate) struct Parts {
    pub(crate) engine: KBox<Engine>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) sk: ARef<Sk>,
    pub(crate) listener: Option<Arc<Endpoint>>,
}

impl Assoc {
    /// Enters an association into all tables. `EEXIST` if there is one with this peer already.
    pub(crate) fn publish(parts: Parts) -> Result<Arc<Self>> {
        let Parts {
            engine,
            endpoint,
            sk,
            listener,
        } = parts;
        let pernet = endpoint.pernet.clone();
        let locals = AddressList::new(engine.locals().as_slice(), GFP_ATOMIC)?;
        let tag_key = TagKey {
            tag: engine.local_tag(),
            local_port: engine.local_port(),
            peer_port: engine.peer_port(),
        };
        let this = Arc::pin_init(
            pin_init!(Self {
                id: next_id(),
                pernet: pernet.clone(),
                locals,
                ifindex: sk.bound_ifindex(),
                settings <- new_spinlock_bh!(AssocSettings::default(), "sctp_assoc_settings"),
                counters: AssocCounters::new(),
                notified: Atomic::new(0),
                inner <- new_spinlock_bh!(
                    Inner {
                        engine,
                        endpoint,
                        allowance: Allowance::new(sk.clone()),
                        sk,
                        listener,
                        out: PacketBuilder::new(),
                        routes: KVec::new(),
                        tag: None,
                        known: KVec::new(),
                        followed: false,
                        complete: true,
                        armed: None,
                        max_items: deliver::max_items(Subscriptions::default()),
                        established: None,
                        gone: false,
                    },
                    "sctp_assoc"
                ),
                timer <- Timer::new(),
                _counted: CountedAssociation::one(),
            }),
            GFP_ATOMIC,
        )?;

        let mut locked = this.lock();
        let result = this.enter(&mut locked, tag_key);
        if result.is_err() {
            locked.unlink();
        }
        drop(locked);
        result.map(|()| this)
    }

    fn enter(self: &Arc<Self>, locked: &mut Locked<'_>, tag_key: TagKey) -> Result {
        locked.learn_paths()?;
        // The other paths follow later. This one is what the association is about.
        let primary = locked.inner.engine.primary().index();
        locked.enter_path(primary)?;
        locked.inner.tag = Some(self.pernet.tags.insert(tag_key, self)?);
        let endpoint = locked.inner.endpoint.clone();
        let mut endpoint = endpoint.inner.lock();
        if endpoint.closed {
            return Err(EPIPE);
        }
        // Options that are set from here on reach it.
        *self.settings.lock() = endpoint.settings.assoc;
        locked.follow_subscriptions();
        endpoint.enter(self, &locked.inner.engine)
    }

    /// Takes the lock.
    pub(crate) fn lock(self: &Arc<Self>) -> Locked<'_> {
        Locked {
            this: self,
            inner: self.inner.lock(),
        }
    }
}

impl HasTimer for Assoc {
    fn timer(&self) -> &Timer<Self> {
        &self.timer
    }

    fn expired(this: Arc<Self>) {
        let mut locked = this.lock();
        locked.inner.armed = None;
        if !locked.postpone() {
            let _ = locked.with(|engine, cx| engine.handle_timeout(cx));
        }
    }
}

/// An association whose lock is held.
pub(crate) struct Locked<'a> {
    pub(crate) this: &'a Arc<Assoc>,
    pub(crate) inner: Guard<'a, Inner, SpinLockBhBackend>,
}

impl<'a> Locked<'a> {
    /// Whether the association has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.inner.gone
    }

    /// Whether it has not ended and is that socket's.
    pub(crate) fn is_of(&self, endpoint: &Arc<Endpoint>) -> bool {
        !self.inner.gone && Arc::ptr_eq(&self.inner.endpoint, endpoint)
    }

    /// Whose it is.
    #[cfg(CONFIG_PROC_FS)]
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }

    /// Calls the engine and drains it. `None` if the association has ended.
    pub(crate) fn with<R>(&mut self, f: impl FnOnce(&mut Engine, &mut Cx<'_>) -> R) -> Option<R> {
        self.call(|engine, cx| (f(engine, cx), true))
    }

    /// Drains the engine, which was called before.
    pub(crate) fn flush(&mut self) {
        let _ = self.with(|_, _| ());
    }

    /// Calls the engine, and drains it if `f` says that there is reason to.
    pub(crate) fn call<R>(
        &mut self,
        f: impl FnOnce(&mut Engine, &mut Cx<'_>) -> (R, bool),
    ) -> Option<R> {
        if self.inner.gone {
            return None;
        }
        let this: &'a Assoc = self.this;
        let mut rng = KernelRng;
        let counters = Both {
            assoc: &this.counters,
            pernet: &this.pernet.mib,
        };
        let mut cx = Cx {
            stats: &counters,
            ..cx(&this.pernet, &mut rng)
        };
        let (result, drain) = f(&mut self.inner.engine, &mut cx);
        if drain {
            self.drain(&mut cx);
        }
        Some(result)
    }

    /// Lets out what the engine has: packets, then events, then the time of the next timeout.
    fn drain(&mut self, cx: &mut Cx<'_>) {
        let complete = self.transmit(cx) & self.deliver(cx);
        self.inner.complete = complete;
        if !self.inner.followed || self.inner.engine.state() != State::Established {
            self.inner.followed = self.follow_tag() & self.follow_paths();
        }
        self.settle_memory();
        if self.inner.engine.is_closed() && complete {
            self.unlink();
            return;
        }
        if self.inner.engine.is_idle(cx.now) {
            self.rest();
        }
        let wanted = self.inner.engine.poll_timeout();
        let wanted = match (wanted, complete) {
            (wanted, true) => wanted,
            (Some(at), false) => Some(at.min(cx.now.plus(RETRY))),
            (None, false) => Some(cx.now.plus(RETRY)),
        };
        self.arm(wanted, cx.now);
    }

    /// Arms the timer again if it has expired for nothing, as it mostly does: what it was armed for
    /// is there in time. `false` if there is something to do, be it to let an idle one [`rest`].
    ///
    /// [`rest`]: Self::rest
    fn postpone(&mut self) -> bool {
        let Inner {
            engine,
            complete,
            gone,
            ..
        } = &*self.inner;
        let now = clock::now();
        if *gone || !complete || engine.is_idle(now) {
            return false;
        }
        let next = engine.poll_timeout();
        if next.is_some_and(|at| at <= now) {
            return false;
        }
        self.arm(next, now);
        true
    }

    /// Arms the timer, if need be. One that is armed for an earlier time expires for nothing, and
    /// is armed again then: cheaper than moving it each time a packet comes.
    ///
    /// The kernel rounds a timer up by as much as an eighth, and what it rounds to the same time
    /// expires at once: so would the heartbeats of all associations that began within two seconds,
    /// in bursts that no queue has room for. What is far off is approached in steps.
    fn arm(&mut self, wanted: Option<Time>, now: Time) {
        let Some(at) = wanted else {
            return;
        };
        let mut after = at.since(now);
        if after > FAR_OFF {
            after = Duration(after.0 - after.0 / 8);
        }
        let at = now.plus(after);
        if self.inner.armed.is_none_or(|armed| at < armed) {
            self.inner.armed = Some(at);
            Timer::arm(self.this, after);
        }
    }

    /// Gives memory back that is kept in order not to allocate for each packet and message.
    #[cold]
    fn rest(&mut self) {
        let inner = &mut *self.inner;
        inner.out = PacketBuilder::new();
        inner.endpoint.inner.lock().queue.shrink();
    }

    /// Sends all packets that may leave now. `false` if memory ran out.
    fn transmit(&mut self, cx: &mut Cx<'_>) -> bool {
        let mut departing = Departing::new();
        let complete = loop {
            let inner = &mut *self.inner;
            let way = match inner.engine.poll_transmit(cx, &mut inner.out) {
                Ok(None) => break true,
                Err(_) => break false,
                Ok(Some(way)) => way,
            };
            // A packet that cannot leave is lost, which is what retransmission is for.
            let _ = match way {
                Way::Path(path) => {
                    if departing.path != Some(path) {
                        self.depart(&mut departing);
                        departing.path = Some(path);
                    }
                    self.send(cx, path, &mut departing)
                }
                Way::Back { from, to } => {
                    self.depart(&mut departing);
                    self.send_back(&from, &to).map(|()| departing.sent += 1)
                }
            };
            self.inner.out.clear();
        };
        self.depart(&mut departing);
        if departing.sent != 0 {
            cx.stats.add(Counter::OutPackets, departing.sent);
        }
        complete
    }

    /// Sends the packets that wait.
    fn depart(&mut self, departing: &mut Departing) {
        let Inner { sk, routes, .. } = &mut *self.inner;
        let slot = departing.path.and_then(|path| routes.get_mut(path.index()));
        if let Some(Some(route)) = slot {
            departing.flush(sk, route);
        }
    }

    /// Whether the route that a path has may still be used, for packets as they are marked now. Of a
    /// path that does not answer it is not known: IPv6 says nothing of a better route that has come
    /// in another table.
    fn has_route(&self, index: usize) -> bool {
        let Some(path) = self.inner.engine.paths().get(index) else {
            return false;
        };
        let is_usable = |route: &Route| route.marks() == path.config.marks && route.is_valid();
        path.errors == 0 && matches!(self.inner.routes.get(index), Some(Some(r)) if is_usable(r))
    }

    /// The interface by which packets leave on the primary path, or 0 before there were any.
    pub(crate) fn ifindex(&self) -> u32 {
        let primary = self.inner.engine.primary().index();
        let route = self.inner.routes.get(primary).and_then(Option::as_ref);
        route.map_or(0, Route::ifindex)
    }

    /// Sends the packet under construction on a path, with those that wait or after them.
    fn send(&mut self, cx: &mut Cx<'_>, path: PathId, departing: &mut Departing) -> Result {
        let index = path.index();
        if !self.has_route(index) {
            self.renew_route(path)?;
        }
        let Inner {
            engine,
            sk,
            out,
            routes,
            ..
        } = &mut *self.inner;
        let route = routes
            .get_mut(index)
            .and_then(Option::as_mut)
            .ok_or(ENETUNREACH)?;
        let mtu = route.mtu();
        if engine
            .paths()
            .get(index)
            .is_some_and(|p| p.pmtu.route() != mtu)
        {
            engine.handle_mtu(cx, path, mtu);
        }
        let path = engine.paths().get(index).ok_or(EINVAL)?;
        let to = To {
            sk,
            route,
            mtu: path.mtu().min(mtu),
            pmtud: path.config.pmtud,
        };
        departing.push(to, out)
    }

    /// Looks for the way that packets of a path are to take from now on.
    #[cold]
    fn renew_route(&mut self, path: PathId) -> Result {
        let route = self.route(path)?;
        let Inner { engine, routes, .. } = &mut *self.inner;
        while routes.len() <= path.index() {
            routes.push(None, GFP_ATOMIC)?;
        }
        if let Some(slot) = routes.get_mut(path.index()) {
            if slot.as_ref().is_some_and(|old| !old.leaves_as(&route)) {
                engine.handle_route_change(path);
            }
            *slot = Some(route);
        }
        Ok(())
    }

    /// Sends the packet under construction between two addresses.
    #[cold]
    fn send_back(&self, from: &Address, to: &Address) -> Result {
        let Inner {
            engine, sk, out, ..
        } = &*self.inner;
        let config = engine.config().path.of(to.ip);
        let mut route = self.lookup(to, core::slice::from_ref(from), config.marks)?;
        let to = To {
            sk,
            mtu: route.mtu(),
            route: &mut route,
            pmtud: config.pmtud,
        };
        output::send(to, out)
    }

    /// An ICMP error came about a packet to `peer`.
    pub(crate) fn icmp(&mut self, error: &IcmpError) {
        let IcmpError {
            peer,
            quote,
            report,
            ..
        } = error;
        let taken = self.with(|engine, cx| engine.handle_icmp(cx, peer, quote, *report));
        if !matches!(taken, Some(Ok(()))) {
            return;
        }
        let inner = &*self.inner;
        let mtu = match *report {
            Report::TooBig(mtu) => mtu,
            // The association ends with an error of its own.
            Report::ProtocolUnreachable => return,
            Report::Unreachable => return inner.sk.icmp_error(error.errno, peer.ip.is_ipv6()),
        };
        // IP is to know it, too.
        let index = inner.engine.paths().iter().position(|p| p.addr == *peer);
        if let Some(Some(route)) = index.and_then(|i| inner.routes.get(i)) {
            route.update_pmtu(&inner.sk, mtu);
        }
    }

    /// Finds the way for a path: from the address that the peer uses with it, or else from another
    /// one that it knows (6.4).
    fn route(&self, path: PathId) -> Result<Route> {
        let engine = &self.inner.engine;
        let path = engine.paths().get(path.index()).ok_or(EINVAL)?;
        let marks = path.config.marks;
        if let Some(local) = path.local {
            if let Ok(route) = self.lookup(&path.addr, core::slice::from_ref(&local), marks) {
                return Ok(route);
            }
        }
        self.lookup(&path.addr, engine.locals().as_slice(), marks)
    }

    /// Finds the way to an address from one of `locals`.
    fn lookup(&self, to: &Address, locals: &[Address], marks: Marks) -> Result<Route> {
        let Inner { engine, sk, .. } = &*self.inner;
        let (to_port, from_port) = (engine.peer_port(), engine.local_port());
        route::find(sk, locals, to, to_port, from_port, marks)
    }

    /// Hands events to the socket, and sends what that gives rise to. `false` if memory ran out.
    fn deliver(&mut self, cx: &mut Cx<'_>) -> bool {
        if !self.inner.engine.may_have_event() {
            return true;
        }
        let Inner {
            engine,
            endpoint,
            sk,
            listener,
            established,
            followed,
            max_items,
            ..
        } = &mut *self.inner;
        let to = Target {
            assoc: self.this,
            endpoint,
            sk,
        };
        let (mut complete, mut has_more_to_say) = (true, false);
        while engine.may_have_event() {
            let Ok(room) = Room::reserve(endpoint, *max_items) else {
                complete = false;
                break;
            };
            let Some(event) = engine.poll_event() else {
                break;
            };
            *followed &= matches!(event, Event::Message(_));
            if matches!(event, Event::Up) {
                *established = Some(Established::new(self.this.pernet.clone()));
            }
            has_more_to_say |= deliver::deliver(to, room, engine, cx, listener, event);
        }
        if has_more_to_say {
            complete &= self.transmit(cx);
        }
        complete
    }

    /// Changes what the user is told of.
    pub(crate) fn subscribe(&mut self, change: impl FnOnce(&mut Subscriptions)) {
        change(&mut self.this.settings.lock().subscriptions);
        self.follow_subscriptions();
    }

    /// Lets the engine know of what there is no need to tell.
    fn follow_subscriptions(&mut self) {
        let subscriptions = self.this.settings.lock().subscriptions;
        let tells_dry = subscriptions.has(Subscription::SenderDry);
        self.inner.engine.set_tells_dry(tells_dry);
        self.inner.max_items = deliver::max_items(subscriptions);
    }

    /// Tells whoever has just subscribed to that if nothing is left to be sent or acknowledged.
    pub(crate) fn tell_if_dry(&mut self) -> Result {
        let Inner { engine, sk, .. } = &*self.inner;
        if self.inner.gone || !engine.has_sent_all() {
            return Ok(());
        }
        let endpoint = &self.inner.endpoint;
        let room = Room::reserve(endpoint, self.inner.max_items)?.promise()?;
        let to = Target {
            assoc: self.this,
            endpoint,
            sk,
        };
        deliver::sender_dry(to, engine);
        drop(room);
        self.settle_memory();
        Ok(())
    }

    /// Keeps the table of tags right when the peer's restart has changed ours. `false` if memory ran
    /// out.
    fn follow_tag(&mut self) -> bool {
        let engine = &self.inner.engine;
        let key = TagKey {
            tag: engine.local_tag(),
            local_port: engine.local_port(),
            peer_port: engine.peer_port(),
        };
        if self.inner.tag.as_ref().is_some_and(|t| t.key() == key) {
            return true;
        }
        let Ok(entry) = self.this.pernet.tags.insert(key, self.this) else {
            return false;
        };
        if let Some(old) = self.inner.tag.replace(entry) {
            self.this.pernet.tags.remove(old);
        }
        true
    }

    /// Enters the paths that have come up or have been confirmed since, and takes out those that
    /// are none any more. What fails for want of memory is tried again after the next packet: then
    /// this is `false`.
    fn follow_paths(&mut self) -> bool {
        let Inner { engine, known, .. } = &*self.inner;
        let pairs = engine.paths().iter().zip(known);
        let is_known = known.len() == engine.paths().len()
            && pairs.clone().all(|(path, known)| path.addr == known.addr);
        let mut complete = is_known;
        if !is_known {
            self.forget_paths();
            complete = self.learn_paths().is_ok();
        }
        for index in 0..self.inner.known.len() {
            let path = self.inner.engine.paths().get(index);
            if path.is_some_and(|p| p.is_confirmed()) {
                // One that another association has already is that one's.
                complete &= matches!(self.enter_path(index), Ok(()) | Err(EEXIST));
            }
        }
        complete
    }

    /// Takes out the paths that the engine does not have any more.
    #[cold]
    fn forget_paths(&mut self) {
        let Inner {
            engine,
            endpoint,
            known,
            routes,
            ..
        } = &mut *self.inner;
        let (id, port) = (self.this.id, engine.peer_port());
        retain(known, |Known { addr, .. }| {
            let has = engine.has_address(addr);
            if !has {
                endpoint.inner.lock().leave_peer(id, addr, port);
                let key = peer_key(engine, addr);
                self.this.pernet.peers.lock().remove(&key, self.this);
            }
            has
        });
        // They are kept by the number of the path.
        routes.clear();
    }

    /// Lets the endpoint know of the paths that have come up since.
    #[cold]
    fn learn_paths(&mut self) -> Result {
        let Inner {
            engine,
            endpoint,
            known,
            ..
        } = &mut *self.inner;
        endpoint.inner.lock().enter_peer(self.this.id, engine)?;
        for path in engine.paths().get(known.len()..).unwrap_or_default() {
            let path = Known {
                addr: path.addr,
                is_entered: false,
                _counted: CountedPath::one(),
            };
            known.push(path, GFP_ATOMIC)?;
        }
        Ok(())
    }

    /// Lets the association be found by the address of a path.
    fn enter_path(&mut self, index: usize) -> Result {
        let Inner { engine, known, .. } = &mut *self.inner;
        let known = known.get_mut(index).ok_or(EINVAL)?;
        if known.is_entered {
            return Ok(());
        }
        let key = peer_key(engine, &known.addr);
        let result = self.this.pernet.peers.lock().insert(key, self.this);
        known.is_entered = matches!(result, Ok(()) | Err(EEXIST));
        result
    }

    /// Takes the association out of all tables: it has ended.
    #[cold]
    fn unlink(&mut self) {
        if core::mem::replace(&mut self.inner.gone, true) {
            return;
        }
        Timer::cancel(self.this);
        self.inner.established = None;
        let pernet = &self.this.pernet;
        if let Some(entry) = self.inner.tag.take() {
            pernet.tags.remove(entry);
        }
        let Inner { engine, known, .. } = &*self.inner;
        for known in known {
            let key = peer_key(engine, &known.addr);
            pernet.peers.lock().remove(&key, self.this);
        }
        let endpoint = self.inner.endpoint.clone();
        let nothing = Allowance::new(self.inner.sk.clone());
        let held = self.held();
        let mut rest = core::mem::replace(&mut self.inner.allowance, nothing);
        rest.lower_to(held);
        let rest = endpoint.inner.lock().queue.keep_charged(self.this.id, rest);
        drop(rest);
        self.leave(&endpoint);
        Endpoint::leave_if_done(&endpoint);
        if endpoint.style == Style::OneToMany {
            self.inner.sk.wake_writers();
        }
    }

    /// Gives the association its own socket at `accept()`.
    pub(crate) fn adopt(&mut self, sk: ARef<Sk>) {
        let mut allowance = Allowance::new(sk.clone());
        // Else what is held stays with the listener, which cannot go before.
        if allowance.raise_to(self.inner.allowance.bytes()).is_ok() {
            self.inner.allowance = allowance;
        }
        // The listener's has another reference at its file.
        self.inner.sk = sk;
        self.inner.routes.clear();
    }

    /// Makes the association that of an endpoint that has none yet, with all that is to be read of
    /// it. The caller holds the reader's lock of the endpoint it has. `EINVAL` if it has ended, or
    /// was moved before.
    pub(crate) fn move_to(&mut self, from: &Arc<Endpoint>, to: &Arc<Endpoint>) -> Result {
        if !self.is_of(from) {
            return Err(EINVAL);
        }
        let entered = to.inner.lock().enter(self.this, &self.inner.engine);
        let items = entered.and_then(|()| from.inner.lock().queue.take_of(self.this.id));
        match items {
            Ok(items) => to.inner.lock().queue = items,
            Err(e) => {
                self.leave(to);
                return Err(e);
            }
        }
        self.leave(from);
        self.inner.endpoint = to.clone();
        Ok(())
    }

    /// Takes the association out of an endpoint's tables.
    fn leave(&self, endpoint: &Endpoint) {
        // The caller has a reference, so this is not the last one.
        let was = endpoint
            .inner
            .lock()
            .leave(self.this.id, &self.inner.engine);
        drop(was);
    }
}

/// How an association is found by an address of its peer.
fn peer_key(engine: &Engine, addr: &Address) -> PeerKey {
    PeerKey::new(engine.local_port(), addr, engine.peer_port())
}

/// The surroundings of a call into the engine, now.
pub(crate) fn cx<'a>(pernet: &'a Pernet, rng: &'a mut KernelRng) -> Cx<'a> {
    Cx {
        now: clock::now(),
        gfp: GFP_ATOMIC,
        rng,
        keys: pernet,
        stats: &pernet.mib,
    }
}
