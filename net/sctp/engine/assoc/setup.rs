// SPDX-License-Identifier: GPL-2.0

//! Setting up: RFC 9260, 5.1. The stateless half of it, for which there is no association, is in
//! [`ootb`]; what is done if there is one already, in [`collision`](super::collision).

use super::{
    abandon::Forward,
    dispatch::{Incoming, Next},
    state::{AbortCause, Notices, Pending, State, Timer, Timers},
    Abort, Association, Setup,
};
use crate::engine::{
    addr::{Address, AddressList, Addresses},
    config::Config,
    cookie::{Cookie, TieTags},
    cx::{Cx, Payload},
    env::{AllocError, KBox, KVec},
    event::Closed,
    ootb::{self, Listener},
    path::{Path, PathId, PathState},
    ring::Ring,
    rx::Receiver,
    serial::Tsn,
    stats::{Counter, Reason},
    time::Duration,
    tx::{
        abandoned::AbandonedCounts,
        failed::Failures,
        outstanding::{Chunk as Sent, Outstanding},
        send_queue::SendQueue,
    },
    vec::retain,
    wire::{
        cause::{self, Cause},
        chunk::Chunk,
        control,
        init::{Init, InitFault, InitFixed},
        packet::Packet,
    },
};

/// How often a new cookie is asked for because the last one came back too late (5.2.6).
const MAX_STALE_COOKIES: u32 = 3;

/// How much more than a round trip a cookie is asked to live at most (5.2.6).
const MAX_BEYOND_RTT: Duration = Duration::from_secs(1);

/// The numbers that an association is made of, from either side.
pub(super) struct Identity {
    local_tag: u32,
    peer_tag: u32,
    local_initial_tsn: Tsn,
    peer_initial_tsn: Tsn,
    out_streams: u16,
    in_streams: u16,
    peer_rwnd: u32,
    is_forward_tsn_supported: bool,
    peer_adaptation_code_point: Option<u32>,
}

impl<B: Payload> Association<B> {
    /// Begins to set up an association with a peer that is known to have all of `peers`: the
    /// INIT goes to the first one, and to the next one each time that T1-init expires. It is what
    /// `poll_transmit` gives first.
    ///
    /// `locals` are the addresses that the peer may know of; what is sent to the first of `peers`
    /// leaves from the first of them.
    pub(crate) fn connect(
        cx: &mut Cx<'_>,
        config: &Config,
        local_port: u16,
        peer_port: u16,
        peers: &Addresses,
        locals: &Addresses,
        mtu: usize,
    ) -> Result<KBox<Self>, AllocError> {
        let identity = Identity {
            local_tag: ootb::random_tag(cx.rng),
            peer_tag: 0,
            local_initial_tsn: Tsn(cx.rng.next_u32()),
            // To be replaced by what the INIT ACK says.
            peer_initial_tsn: Tsn(0),
            out_streams: config.out_streams,
            in_streams: config.max_in_streams,
            peer_rwnd: 0,
            is_forward_tsn_supported: false,
            peer_adaptation_code_point: None,
        };
        // The addresses that the user named are taken for good (5.4).
        let (peer, local) = (peers.first(), Some(locals.first()));
        let path = Path::new(config, peer, local, PathState::Active, mtu);
        let ports = (local_port, peer_port);
        let mut this = Self::new(cx, config, ports, &identity, locals, path)?;
        this.setup = Some(KBox::new(Setup::new(), cx.gfp)?);
        this.reserve_paths(cx, peers)?;
        this.add_paths(cx, peers, PathState::Active);
        this.pending.init = true;
        this.begin_input();
        this.start_t1(cx, Timer::T1Init);
        Ok(this)
    }

    /// Makes an association of a cookie that has come back in `pkt`, and takes in the rest of
    /// that packet. `mtu` is good until a packet has found its route.
    pub(crate) fn accept(
        cx: &mut Cx<'_>,
        listener: Listener<'_>,
        cookie: &Cookie,
        pkt: &Packet<'_, B>,
        mtu: usize,
    ) -> Result<KBox<Self>, Reason> {
        let this = Self::from_cookie(cx, listener, cookie, mtu);
        let mut this = this.map_err(|_| Reason::NoMemory)?;
        this.begin_input();
        this.pending.cookie_ack = true;
        this.set_up(cx);
        cx.stats.count(Counter::PassiveEstabs);
        let path = this.find_path(&pkt.src).unwrap_or(this.primary);
        this.note_heard(path, pkt);
        let mut incoming = Incoming::new(path, pkt.len());
        this.answer_to(path);
        // Whatever is wrong with the rest, the association is made.
        let _ = this.handle_chunks(cx, pkt, &mut incoming, 1);
        this.end_packet(cx, &incoming);
        Ok(this)
    }

    fn from_cookie(
        cx: &mut Cx<'_>,
        listener: Listener<'_>,
        cookie: &Cookie,
        mtu: usize,
    ) -> Result<KBox<Self>, AllocError> {
        let config = listener.config;
        let identity = Identity::from_cookie(cookie);
        let local = Some(cookie.local);
        let mut locals = Addresses::new(cookie.local);
        for address in listener.locals.as_slice() {
            locals.insert(*address);
        }
        // The cookie was sent to the first address and has come back: somebody is there (5.4).
        let mut path = Path::new(config, cookie.peers.first(), local, PathState::Active, mtu);
        path.pmtu.set_guess();
        let ports = (cookie.local_port, cookie.peer_port);
        let mut this = Self::new(cx, config, ports, &identity, &locals, path)?;
        this.reserve_paths(cx, &cookie.peers)?;
        this.add_paths(cx, &cookie.peers, PathState::Unconfirmed);
        Ok(this)
    }

    /// Not inlined: the association is made on the stack, which is to be given back before packets
    /// are sent, in whose course the peer may be made on the same stack.
    #[inline(never)]
    fn new(
        cx: &mut Cx<'_>,
        config: &Config,
        (local_port, peer_port): (u16, u16),
        identity: &Identity,
        locals: &Addresses,
        path: Path,
    ) -> Result<KBox<Self>, AllocError> {
        let mut paths = KVec::new();
        paths.push(path, cx.gfp)?;
        let this = Self {
            config: KBox::new(config.clone(), cx.gfp)?,
            state: State::CookieWait,
            local_port,
            peer_port,
            local_tag: identity.local_tag,
            peer_tag: identity.peer_tag,
            tie_tags: TieTags::random(cx.rng),
            local_initial_tsn: identity.local_initial_tsn,
            is_forward_tsn_supported: identity.is_forward_tsn_supported,
            peer_adaptation_code_point: identity.peer_adaptation_code_point,
            setup: None,
            shutdown_when_up: false,
            locals: AddressList::new(locals.as_slice(), cx.gfp)?,
            paths,
            primary: PathId(0),
            data_to: PathId(0),
            control_to: PathId(0),
            sack_to: None,
            errors: 0,
            next_confirmation: None,
            rx: Receiver::new(
                identity.peer_initial_tsn,
                identity.in_streams,
                config.rcvbuf,
            ),
            data_from: PathId(0),
            out_streams: identity.out_streams,
            queue: SendQueue::new(),
            outstanding: Outstanding::new(identity.local_initial_tsn),
            peer_a_rwnd: identity.peer_rwnd,
            window_probe: None,
            window_probe_due: false,
            burst: 0,
            burst_credit: 0,
            last_short: None,
            more_follows: false,
            nagle_waits: 0,
            fills_packets: false,
            last_user_data: cx.now,
            highest_rto: Duration::ZERO,
            highest_rto_of: PathId(0),
            forward: Forward::new(),
            abandoned: AbandonedCounts::new(),
            failures: Failures::new(),
            is_dry: true,
            tells_dry: true,
            pending: Pending::NONE,
            abort: Abort::None,
            reply: None,
            notices: Notices::default(),
            remote_errors: None,
            timers: Timers::NONE,
        };
        // Only there, so that the stack holds it once.
        let mut this = KBox::new(this, cx.gfp)?;
        this.queue.set_scheduler(config.scheduler, cx.gfp)?;
        let rx = &mut this.rx;
        rx.buffer.resize(config.rcvbuf, config.rcvbuf_max);
        rx.set_partial_delivery_point(config.partial_delivery_point);
        rx.set_may_forward(identity.is_forward_tsn_supported);
        rx.sack.advertise(ootb::initial_a_rwnd(config));
        Ok(this)
    }

    /// An INIT or COOKIE ECHO is being sent.
    pub(super) fn note_setup_sent(&mut self, cx: &Cx<'_>) {
        if let Some(setup) = &mut self.setup {
            setup.sent = (setup.attempts == 0).then_some(cx.now);
        }
    }

    /// It was answered on a path, which tells the first round-trip time of that.
    fn measure_setup(&mut self, cx: &Cx<'_>, path: PathId) {
        let setup = self.setup.as_mut();
        if let Some(sent) = setup.and_then(|setup| setup.sent.take()) {
            if let Some(path) = self.path_mut(path) {
                path.rto.measured(cx.now.since(sent));
            }
        }
    }

    /// The association is up, by a COOKIE ACK (5.1 E).
    #[cold]
    pub(super) fn establish(&mut self, cx: &mut Cx<'_>, incoming: &Incoming) {
        cx.stats.count(Counter::ActiveEstabs);
        self.measure_setup(cx, incoming.path);
        self.set_up(cx);
    }

    /// What both ways of getting up have in common.
    pub(super) fn set_up(&mut self, cx: &mut Cx<'_>) {
        self.state = State::Established;
        self.notices.up = true;
        self.timers.stop(Timer::T1Init);
        self.timers.stop(Timer::T1Cookie);
        self.pending.init = false;
        self.pending.cookie_echo = false;
        self.setup = None;
        self.errors = 0;
        for path in &mut self.paths {
            path.errors = 0;
        }
        self.start_heartbeats(cx);
        self.last_user_data = cx.now;
        self.plan_autoclose();
        if core::mem::take(&mut self.shutdown_when_up) {
            self.state = State::ShutdownPending;
            self.advance_shutdown(cx);
        }
    }

    /// The INIT that is to be sent.
    pub(super) fn init_fixed(&self) -> InitFixed {
        InitFixed {
            tag: self.local_tag,
            a_rwnd: ootb::initial_a_rwnd(&self.config),
            out_streams: self.config.out_streams,
            in_streams: self.config.max_in_streams,
            initial_tsn: self.local_initial_tsn,
        }
    }

    pub(super) fn init_preservative(&self) -> Option<Duration> {
        self.setup.as_ref()?.preservative
    }

    #[cold]
    pub(super) fn on_init_ack(
        &mut self,
        cx: &mut Cx<'_>,
        pkt: &Packet<'_, B>,
        chunk: &Chunk<'_>,
        incoming: &mut Incoming,
    ) -> Result<Next, Reason> {
        let init = Init::parse(chunk)?;
        let fixed = init.fixed;
        let refusal = match (init.fault(), init.cookie) {
            (Some(InitFault::ZeroTag), _) => {
                // There is no tag to tell the peer anything under (3.3.3).
                self.close_setup(cx, cause::INVALID_MANDATORY_PARAMETER);
                return Ok(Next::Stop);
            }
            (Some(InitFault::InvalidMandatoryParameter), _) => Some(AbortCause::Other(
                cause::INVALID_MANDATORY_PARAMETER,
                KVec::new(),
            )),
            (Some(InitFault::HostName(raw)), _) => {
                let mut info = KVec::new();
                if info.extend_from_slice(raw, cx.gfp).is_err() {
                    info.clear();
                }
                Some(AbortCause::Other(cause::UNRESOLVABLE_ADDRESS, info))
            }
            (None, None) => Some(AbortCause::MissingStateCookie),
            (None, Some(_)) => None,
        };
        if let Some(refusal) = refusal {
            self.peer_tag = fixed.tag;
            self.abort_with(cx, refusal);
            return Ok(Next::Stop);
        }

        // Memory first.
        let mut cookie = KVec::new();
        let mut unrecognized = KVec::new();
        cookie
            .extend_from_slice(init.cookie.unwrap_or_default(), cx.gfp)
            .map_err(|_| Reason::NoMemory)?;
        for raw in init.unrecognized() {
            unrecognized
                .extend_from_slice(raw, cx.gfp)
                .and_then(|()| pad(&mut unrecognized, cx))
                .map_err(|_| Reason::NoMemory)?;
        }
        let policy = self.config.scope_policy;
        let claimed = policy.claimed(&init, pkt.src, &self.locals.get());
        self.reserve_paths(cx, &claimed)
            .map_err(|_| Reason::NoMemory)?;

        // Of several addresses that the user named, this one is known to work.
        if self.path(incoming.path).is_some_and(Path::is_confirmed) {
            self.primary = incoming.path;
        }
        let listed = |a: &Address| *a == pkt.src || init.addresses(pkt.src).any(|l| l == *a);
        self.keep_paths(listed);
        self.add_paths(cx, &claimed, PathState::Unconfirmed);
        incoming.path = self.find_path(&pkt.src).unwrap_or(self.primary);
        let in_streams = self.config.max_in_streams.min(fixed.out_streams);
        self.adopt(&Identity {
            local_tag: self.local_tag,
            peer_tag: fixed.tag,
            local_initial_tsn: self.local_initial_tsn,
            peer_initial_tsn: fixed.initial_tsn,
            out_streams: self.config.out_streams.min(fixed.in_streams),
            in_streams,
            peer_rwnd: fixed.a_rwnd,
            is_forward_tsn_supported: self.config.prsctp_enabled && init.is_forward_tsn_supported,
            peer_adaptation_code_point: init.adaptation_code_point,
        });
        // The peer is there. What T1-init was backed off by is no measure for how soon it will
        // answer, and it may give up while this side still waits for its COOKIE ACK.
        let primary = self.primary;
        if let Some(path) = self.path_mut(primary) {
            path.rto.end_back_off();
        }
        self.measure_setup(cx, incoming.path);
        if let Some(setup) = &mut self.setup {
            setup.cookie = cookie;
            setup.unrecognized = unrecognized;
            setup.attempts = 0;
        }
        self.state = State::CookieEchoed;
        self.pending.init = false;
        self.pending.cookie_echo = true;
        self.answer_to(incoming.path);
        self.timers.stop(Timer::T1Init);
        self.start_t1(cx, Timer::T1Cookie);
        Ok(Next::Stop)
    }

    /// The path that the INIT ACK in a packet lists, if it comes from an address that the user has
    /// not named. Our tag, which nobody else has seen, says that it answers our INIT.
    #[cold]
    pub(super) fn path_in_init_ack(&self, pkt: &Packet<'_, B>) -> Option<PathId> {
        if self.state != State::CookieWait || pkt.verification_tag() != self.local_tag {
            return None;
        }
        let chunk = pkt.chunks().next()?.ok()?;
        let mut listed = Init::parse(&chunk).ok()?.addresses(pkt.src);
        listed.find_map(|address| self.find_path(&address))
    }

    /// The peer has said which addresses it has: those that the user has named beyond that are not
    /// its (5.1.2). One path is left at least, and no DATA has been sent.
    pub(super) fn keep_paths(&mut self, has: impl Fn(&Address) -> bool) {
        let primary = self.path(self.primary).map(|path| path.addr);
        retain(&mut self.paths, |path| has(&path.addr));
        let primary = primary.and_then(|address| self.find_path(&address));
        self.primary = primary.unwrap_or(PathId(0));
        self.data_to = self.primary;
        self.data_from = self.primary;
        self.control_to = self.primary;
    }

    /// Takes on what was negotiated, while no DATA has been exchanged.
    pub(super) fn adopt(&mut self, identity: &Identity) {
        self.local_tag = identity.local_tag;
        self.peer_tag = identity.peer_tag;
        self.local_initial_tsn = identity.local_initial_tsn;
        self.out_streams = identity.out_streams;
        self.set_peer_a_rwnd(identity.peer_rwnd);
        self.is_forward_tsn_supported = identity.is_forward_tsn_supported;
        self.peer_adaptation_code_point = identity.peer_adaptation_code_point;
        self.rx
            .restart(identity.peer_initial_tsn, identity.in_streams);
        self.rx.set_may_forward(identity.is_forward_tsn_supported);
        self.rx.sack.advertise(ootb::initial_a_rwnd(&self.config));
    }

    /// Takes out what was sent and not acknowledged. Used where its TSNs mean nothing any more.
    pub(super) fn take_outstanding(&mut self) -> Ring<Sent<B>> {
        let new = Outstanding::new(self.local_initial_tsn);
        let outstanding = core::mem::replace(&mut self.outstanding, new);
        self.window_probe = None;
        self.last_short = None;
        self.forward = Forward::new();
        for path in &mut self.paths {
            path.forget_data();
        }
        outstanding.into_chunks()
    }

    /// An ERROR in COOKIE-ECHOED: if the cookie was too old, another one is asked for that lives
    /// as much longer (5.2.6).
    #[cold]
    pub(super) fn on_error_in_setup(
        &mut self,
        cx: &mut Cx<'_>,
        chunk: &Chunk<'_>,
        incoming: &Incoming,
    ) -> Next {
        let is_stale = |c: &Cause<'_>| c.code == cause::STALE_COOKIE;
        let Some(stale) = control::causes(chunk).flatten().find(is_stale) else {
            return Next::Continue;
        };
        let life = self.more_life(cx, &stale, incoming.path);
        let Some(setup) = &mut self.setup else {
            return Next::Continue;
        };
        setup.stale_cookies = setup.stale_cookies.saturating_add(1);
        if setup.stale_cookies > MAX_STALE_COOKIES {
            self.close_setup(cx, cause::STALE_COOKIE);
            return Next::Stop;
        }
        setup.preservative = Some(life);
        setup.cookie = KVec::new();
        setup.unrecognized = KVec::new();
        self.peer_tag = 0;
        self.state = State::CookieWait;
        self.timers.stop(Timer::T1Cookie);
        self.pending.cookie_echo = false;
        self.pending.init = true;
        self.start_t1(cx, Timer::T1Init);
        Next::Stop
    }

    /// How much longer the next cookie should live: twice what the last one was too old by, for
    /// the next round trip may be no shorter; but the longer a cookie lives, the longer it is of
    /// use to somebody else, so what the round trip cannot explain is not asked for.
    fn more_life(&mut self, cx: &Cx<'_>, stale: &Cause<'_>, path: PathId) -> Duration {
        let rtt = match self.setup.as_ref().and_then(|setup| setup.sent) {
            Some(sent) => cx.now.since(sent),
            None => self.path(path).map_or(Duration::ZERO, |p| p.rto.srtt()),
        };
        self.measure_setup(cx, path);
        let limit = rtt.0.saturating_add(MAX_BEYOND_RTT.0);
        let staleness = u64::from(stale.staleness().unwrap_or(0));
        Duration(staleness.saturating_mul(2_000).min(limit))
    }

    /// Gives up without telling the peer.
    fn close_setup(&mut self, cx: &mut Cx<'_>, cause: u16) {
        cx.stats.count(Counter::Aborteds);
        self.close(Closed::Aborted { cause, setup: true });
    }
}

impl Setup {
    fn new() -> Self {
        Self {
            cookie: KVec::new(),
            unrecognized: KVec::new(),
            attempts: 0,
            stale_cookies: 0,
            sent: None,
            preservative: None,
        }
    }
}

impl Identity {
    pub(super) fn from_cookie(cookie: &Cookie) -> Self {
        Self {
            local_tag: cookie.local_tag,
            peer_tag: cookie.peer_tag,
            local_initial_tsn: cookie.local_initial_tsn,
            peer_initial_tsn: cookie.peer_initial_tsn,
            out_streams: cookie.out_streams,
            in_streams: cookie.in_streams,
            peer_rwnd: cookie.peer_rwnd,
            is_forward_tsn_supported: cookie.is_forward_tsn_supported,
            peer_adaptation_code_point: cookie.adaptation_code_point,
        }
    }
}

/// Pads to a multiple of 4.
fn pad(bytes: &mut KVec<u8>, cx: &Cx<'_>) -> Result<(), AllocError> {
    while bytes.len() % 4 != 0 {
        bytes.push(0, cx.gfp)?;
    }
    Ok(())
}
