// SPDX-License-Identifier: GPL-2.0

//! INIT and COOKIE ECHO for an association that exists: both sides began at once, or the peer has
//! restarted, or somebody wants to make believe so. RFC 9260, 5.2.
//!
//! An INIT changes nothing, whoever sent it; only a cookie of ours that comes back does.

use super::{
    dispatch::{Incoming, Next},
    setup::Identity,
    state::{Pending, State},
    Association,
};
use crate::engine::{
    addr::{Address, Addresses, MAX_ADDRESSES},
    cookie::{self, Cookie, CookieResolution, TieTags},
    cx::{Cx, Payload},
    env::AllocError,
    ootb::{self, Answer, Listener},
    path::{Path, PathState, Way, MAX_PATHS, MIN_MTU},
    serial::Tsn,
    stats::{Counter, Reason},
    wire::{builder::PacketBuilder, cause::NewCause, chunk::Chunk, packet::Packet, read},
};

/// Room for the addresses that a restart must not bring (5.2.2), as parameters.
const NEW_ADDRESSES_LEN: usize = 20 * MAX_ADDRESSES;

impl<B: Payload> Association<B> {
    /// An INIT for an association that exists (5.2.1, 5.2.2): the answer leaves everything as it
    /// is, what it means turns out when the cookie comes back.
    ///
    /// It comes from an address of the peer, or lists one.
    #[cold]
    pub(super) fn on_init(&mut self, cx: &mut Cx<'_>, pkt: &Packet<'_, B>) -> Result<(), Reason> {
        let init = ootb::lone_init(pkt)?;
        let locals = self.locals.get();
        let claimed = (self.config.scope_policy).claimed(&init, pkt.src, &locals);
        if !claimed.as_slice().iter().any(|a| self.has_address(a)) {
            return Err(Reason::BadAddress);
        }
        cx.stats.count(Counter::InCtrlChunks);
        let mut to = pkt.src;
        let mtu = self.find_path(&to).map_or(MIN_MTU, |path| self.mtu(path));
        let mut reply = PacketBuilder::new();
        if let Some(fault) = init.fault() {
            ootb::refuse_fault(cx, pkt, &init, fault, mtu, &mut reply)?;
            return self.reply_back(cx, reply, pkt.dst, to);
        }
        let ours = match self.state {
            State::CookieWait => {
                // Where our INIT went (5.2.1): the answer has our tag, which nobody else is to
                // learn.
                to = self.path(self.control_to).map_or(to, |path| path.addr);
                Answer {
                    tag: self.local_tag,
                    initial_tsn: self.local_initial_tsn,
                    tie_tags: TieTags::NONE,
                }
            }
            State::CookieEchoed => Answer {
                tag: self.local_tag,
                initial_tsn: self.local_initial_tsn,
                tie_tags: self.tie_tags,
            },
            State::Established
            | State::ShutdownPending
            | State::ShutdownSent
            | State::ShutdownReceived => Answer {
                tag: ootb::random_tag(cx.rng),
                initial_tsn: Tsn(cx.rng.next_u32()),
                tie_tags: self.tie_tags,
            },
            // 9.2: first this one has to end.
            State::ShutdownAckSent => {
                self.pending.shutdown_ack = true;
                if let Some(path) = self.find_path(&to) {
                    self.answer_to(path);
                }
                return Ok(());
            }
            State::Closed => return Err(Reason::Unexpected),
        };
        let mut params = [0; NEW_ADDRESSES_LEN];
        let new = match self.state {
            // The peer has not named its addresses yet (5.2.1).
            State::CookieWait => &[],
            State::CookieEchoed
            | State::Established
            | State::ShutdownPending
            | State::ShutdownSent
            | State::ShutdownReceived
            | State::ShutdownAckSent
            | State::Closed => put_addresses(&mut params, self.new_addresses(&claimed)),
        };
        if !new.is_empty() {
            // Somebody wants to get at an association's traffic (RFC 5062, 4).
            let causes = [NewCause::RestartWithNewAddresses(new)];
            ootb::refuse_init(cx, pkt, &init, &causes, mtu, &mut reply)?;
        } else {
            let ends = Listener {
                config: &self.config,
                locals: &locals,
            };
            ootb::init_ack(cx, ends, pkt, &init, &ours, mtu, &mut reply)?;
        }
        self.reply_back(cx, reply, pkt.dst, to)
    }

    fn reply_back(
        &mut self,
        cx: &Cx<'_>,
        packet: PacketBuilder<B>,
        from: Address,
        to: Address,
    ) -> Result<(), Reason> {
        let way = Way::Back { from, to };
        let done = self.reply(cx, packet, way);
        done.map_err(|AllocError| Reason::NoMemory)
    }

    /// The addresses that a restart would bring. The first one is where the INIT came from; of
    /// the others none counts if there are as many paths as there can be, for then those that
    /// the peer named at first were not all kept.
    fn new_addresses<'a>(&'a self, claimed: &'a Addresses) -> impl Iterator<Item = &'a Address> {
        let is_full = self.paths.len() >= MAX_PATHS;
        let kept = if is_full { 1 } else { MAX_ADDRESSES };
        let claimed = claimed.as_slice().iter().take(kept);
        claimed.filter(|address| !self.has_address(address))
    }

    /// A COOKIE ECHO for an association that exists (5.2.4).
    #[cold]
    pub(super) fn on_cookie_echo(
        &mut self,
        cx: &mut Cx<'_>,
        pkt: &Packet<'_, B>,
        chunk: &Chunk<'_>,
        incoming: &mut Incoming,
    ) -> Result<Next, Reason> {
        let opened = Cookie::open(cx, chunk.value, pkt, &self.locals.get())?;
        let resolution = cookie::resolve(
            opened.whatever_age(),
            self.local_tag,
            self.peer_tag,
            self.tie_tags,
        );
        // While this side sets up, the peer may come from an address that it has not named yet.
        let may_be_new = resolution == CookieResolution::Collision && self.state.is_setup();
        if !may_be_new && !self.has_address(&pkt.src) {
            return Err(Reason::BadAddress);
        }
        self.answer_to(incoming.path);
        if resolution == CookieResolution::Duplicate {
            self.on_own_cookie(cx);
            return Ok(Next::Continue);
        }
        let fresh = match opened.fresh(cx.now) {
            Ok(fresh) => fresh,
            Err(stale) => {
                let mtu = self.path(incoming.path).map_or(0, |p| p.mtu());
                let mut reply = PacketBuilder::new();
                ootb::stale_cookie(cx, pkt, &stale, mtu, &mut reply)?;
                self.reply_back(cx, reply, pkt.dst, pkt.src)?;
                return Ok(Next::Stop);
            }
        };
        match resolution {
            CookieResolution::Restart => self.on_restart(cx, &fresh, incoming),
            CookieResolution::Collision => {
                let next = self.on_collision(cx, &fresh)?;
                incoming.path = self.find_path(&pkt.src).ok_or(Reason::BadAddress)?;
                self.answer_to(incoming.path);
                Ok(next)
            }
            CookieResolution::Discard | CookieResolution::Duplicate => Err(Reason::BadCookie),
        }
    }

    /// Action D: the peer did not get our COOKIE ACK, or has our INIT ACK while ours is on its
    /// way.
    fn on_own_cookie(&mut self, cx: &mut Cx<'_>) {
        match self.state {
            State::CookieWait | State::CookieEchoed => {
                cx.stats.count(Counter::PassiveEstabs);
                self.set_up(cx);
                self.pending.cookie_ack = true;
            }
            State::Established
            | State::ShutdownPending
            | State::ShutdownSent
            | State::ShutdownReceived => self.pending.cookie_ack = true,
            State::ShutdownAckSent => self.pending.shutdown_ack = true,
            State::Closed => {}
        }
    }

    /// Action B: both sides sent an INIT, and this is what the peer goes by.
    fn on_collision(&mut self, cx: &mut Cx<'_>, cookie: &Cookie) -> Result<Next, Reason> {
        match self.state {
            State::CookieWait | State::CookieEchoed => {
                self.reserve_paths(cx, &cookie.peers)
                    .map_err(|_| Reason::NoMemory)?;
                if self.state == State::CookieWait {
                    // One of them at least, or on_init() had not answered.
                    self.keep_paths(|address| cookie.peers.contains(address));
                }
                self.add_paths(cx, &cookie.peers, PathState::Unconfirmed);
                self.adopt(&Identity::from_cookie(cookie));
                cx.stats.count(Counter::PassiveEstabs);
                self.set_up(cx);
                self.pending.cookie_ack = true;
                Ok(Next::Continue)
            }
            // The peer has begun anew while this side took it for established: what was
            // exchanged under the tag it had before is lost.
            State::Established
            | State::ShutdownPending
            | State::ShutdownSent
            | State::ShutdownReceived => self.restart(cx, cookie),
            State::ShutdownAckSent => {
                self.pending.shutdown_ack = true;
                Ok(Next::Stop)
            }
            State::Closed => Err(Reason::Unexpected),
        }
    }

    /// Action A: the peer restarted.
    fn on_restart(
        &mut self,
        cx: &mut Cx<'_>,
        cookie: &Cookie,
        incoming: &Incoming,
    ) -> Result<Next, Reason> {
        if self.new_addresses(&cookie.peers).next().is_some() {
            // Asked when the INIT came; the list may have become shorter since.
            return Err(Reason::BadAddress);
        }
        match self.state {
            State::Established
            | State::ShutdownPending
            | State::ShutdownSent
            | State::ShutdownReceived => self.restart(cx, cookie),
            // The peer has to see this one end, before it can begin another one.
            State::ShutdownAckSent => {
                self.pending.shutdown_ack = true;
                self.report(cx, incoming, &NewCause::CookieWhileShuttingDown);
                Ok(Next::Stop)
            }
            // No cookie that was made then holds our tie tags, but for COOKIE-ECHOED, in which
            // the tags would have matched.
            State::CookieWait | State::CookieEchoed => Err(Reason::BadCookie),
            State::Closed => Err(Reason::Unexpected),
        }
    }

    /// Begins anew with what the cookie says.
    fn restart(&mut self, cx: &mut Cx<'_>, cookie: &Cookie) -> Result<Next, Reason> {
        if !self.failures.may_restart() {
            // The user first has to be told what came of the last one.
            return Err(Reason::NoMemory);
        }
        let reserved = self.failures.reserve_restart(cx.gfp);
        reserved.map_err(|AllocError| Reason::NoMemory)?;
        let identity = Identity::from_cookie(cookie);
        self.adopt(&identity);
        // What tied this cookie to the association ties no other one: a copy of an earlier cookie
        // that comes late is not another restart.
        self.tie_tags = TieTags::random(cx.rng);
        let sent = self.take_outstanding();
        self.failures.restarted(sent, self.queue.restart());
        self.timers.stop_all();
        self.pending = Pending::NONE;
        self.shutdown_when_up = false;
        let config = &self.config;
        for path in &mut self.paths {
            // What is known about reaching it may have changed with whatever made it restart.
            let state = match path.state {
                PathState::Unconfirmed => PathState::Unconfirmed,
                PathState::Active | PathState::PotentiallyFailed | PathState::Inactive => {
                    PathState::Active
                }
            };
            let settings = path.config;
            *path = Path::new(config, path.addr, path.local, state, path.pmtu.route());
            path.config = settings;
        }
        self.notices.peer_shutdown = false;
        self.set_up(cx);
        self.notices.up = false;
        self.notices.restarted = true;
        self.pending.cookie_ack = true;
        Ok(Next::Continue)
    }
}

/// Writes addresses as parameters, as far as there is room.
fn put_addresses<'a, 'o>(
    out: &'o mut [u8],
    addresses: impl Iterator<Item = &'a Address>,
) -> &'o [u8] {
    let mut len = 0_usize;
    for address in addresses {
        let rest = out.get_mut(len..).unwrap_or_default();
        len = len.saturating_add(put_address(rest, address));
    }
    out.get(..len).unwrap_or_default()
}

/// Writes an address as a parameter, if there is room, and says how long it is.
fn put_address(out: &mut [u8], address: &Address) -> usize {
    use crate::engine::{addr::IpAddr, wire::param::ParamType};

    fn put(out: &mut [u8], kind: ParamType, octets: &[u8]) -> Option<usize> {
        let len = octets.len().checked_add(4)?;
        let [k0, k1] = kind.to_u16().to_be_bytes();
        let [l0, l1] = u16::try_from(len).ok()?.to_be_bytes();
        let (head, value) = out.get_mut(..len)?.split_first_chunk_mut::<4>()?;
        *head = [k0, k1, l0, l1];
        read::copy(value, octets);
        Some(len)
    }

    let len = match address.ip {
        IpAddr::V4(ip) => put(out, ParamType::Ipv4Address, &ip.octets()),
        IpAddr::V6(ip) => put(out, ParamType::Ipv6Address, &ip.octets()),
    };
    len.unwrap_or(0)
}
