// SPDX-License-Identifier: GPL-2.0

//! A path: one transport address of the peer, and what is known about reaching it (RFC 9260, 5.4,
//! 6.3, 6.4, 7.1, 8.2, 8.3; RFC 7829).
//!
//! Everything that the RFC keeps per destination address is here from the start: congestion
//! control, RTO, error counter, flight size, MTU, the timers T3-rtx and heartbeat; also the local
//! address, so that a path is a pair of addresses that is known to work.
//!
//! Which of several paths is used is decided in `select.rs`.
//!
//! Invariant: `flight` is the sum of the wire sizes of the chunks that the outstanding queue holds
//! as in flight on this path.

use super::{
    addr::Address,
    cc::{Algorithm, Controller},
    config::{Config, PathConfig},
    cx::Cx,
    event::{PathChange, PathReason},
    pmtu::Pmtu,
    rto::Rto,
    select,
    serial::Tsn,
    time::{Duration, Time},
    wire::packet::Header,
};

/// Most addresses of a peer that are kept; those beyond are ignored. Enforced where they are
/// learned (`assoc/setup.rs`).
pub(crate) const MAX_PATHS: usize = 8;

/// The smallest MTU that is believed, in bytes for the SCTP packet: IPv4's 576 less its header,
/// rounded down. It leaves room for a common header and a DATA chunk, whoever forges what.
pub(crate) const MIN_MTU: usize = 512;

/// The errors of a path are counted up to so many times what makes it inactive. RFC 7829, 6.1,
/// finds an order of magnitude enough.
const ERRORS_BEYOND: u32 = 10;

/// Index of a path in its association. Addresses are never removed while an association lives, so
/// an index stays good.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct PathId(pub(crate) u8);

impl PathId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The way out for a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// On a path, from its [`local`](Path::local) address if there is one.
    Path(PathId),
    /// Between these two addresses, of which `to` need not be a path: the answer to an INIT.
    Back { from: Address, to: Address },
}

/// Whether a path may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PathState {
    /// The peer claims this address; that it answers there has not been seen. No DATA goes there
    /// (5.4), or anybody could have somebody flooded.
    Unconfirmed,
    /// In use, or ready for it.
    Active,
    /// Did not answer lately: used only if no path is active, and probed once per RTO (RFC 7829).
    PotentiallyFailed,
    /// Did not answer more than Path.Max.Retrans times.
    Inactive,
}

/// A HEARTBEAT that was sent and not yet answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    /// What the answer must contain.
    pub(crate) nonce: u64,
    pub(crate) sent: Time,
}

impl Probe {
    pub(crate) fn new(cx: &mut Cx<'_>) -> Self {
        Self {
            nonce: cx.rng.next_u64(),
            sent: cx.now,
        }
    }
}

/// A TSN whose acknowledgement will give a round-trip time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RttProbe {
    pub(crate) tsn: Tsn,
    pub(crate) sent: Time,
}

/// Fast Recovery (7.2.4) of a path. RFC 9260 has one exit point for all paths; with one for each, a
/// path is not kept from growing by what another one lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recovery {
    /// It lasts until this TSN is acknowledged.
    pub(crate) exit: Tsn,
    /// When cwnd was reduced.
    pub(crate) since: Time,
}

/// What a path's timer is for that runs ahead of T3-rtx (RFC 8985).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LossTimer {
    /// Something is late, and will be lost when this expires.
    Reordering,
    /// Nothing was heard of what was sent last: PTO.
    TailProbe,
}

#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) addr: Address,
    /// The local address that the peer uses with this one, taken from the first packet that came
    /// from there; `None` before that, when routing decides.
    pub(crate) local: Option<Address>,
    pub(crate) state: PathState,
    pub(crate) config: PathConfig,
    /// What the largest packet may be.
    pub(crate) pmtu: Pmtu,
    pub(crate) cc: Controller,
    pub(crate) rto: Rto,
    /// Bytes in flight, as DATA chunks on the wire.
    pub(crate) flight: usize,
    /// Consecutive timeouts and unanswered HEARTBEATs (8.2).
    pub(crate) errors: u32,
    /// When something that was sent here was last answered.
    pub(crate) proven: Option<Time>,
    /// When T3-rtx expires, if it runs.
    pub(crate) t3_rtx: Option<Time>,
    /// When the heartbeat timer expires, if it runs.
    pub(crate) heartbeat: Option<Time>,
    /// A HEARTBEAT is to be sent.
    pub(crate) heartbeat_due: bool,
    pub(crate) probe: Option<Probe>,
    /// At most one TSN per round trip is measured (6.3.1, C4).
    pub(crate) rtt_probe: Option<RttProbe>,
    /// When DATA was last sent here.
    pub(crate) last_data: Option<Time>,
    /// When something was last sent here whose answer tells a round-trip time: DATA for the first
    /// time, or a HEARTBEAT. A path is idle from then on (8.3).
    pub(crate) last_use: Option<Time>,
    /// T3-rtx has expired and nothing was acknowledged since: one packet of retransmissions may
    /// leave, and it has if `timeout_spent` (6.3.3, E3).
    pub(crate) after_timeout: bool,
    pub(crate) timeout_spent: bool,
    pub(crate) recovery: Option<Recovery>,
    /// One packet of what was lost here may be sent again whatever cwnd says (7.2.4, step 3).
    pub(crate) fast_retransmit: bool,
    /// What is to be done about losses before T3-rtx expires, and when.
    pub(crate) loss_timer: Option<(Time, LossTimer)>,
    /// The TSN that was sent again as a tail loss probe, until it is known what became of it.
    pub(crate) tail_probe: Option<Tsn>,
    /// A SACK came since T3-rtx last expired.
    pub(crate) probe_answered: bool,
}

#[allow(dead_code)]
impl Path {
    pub(crate) fn new(
        config: &Config,
        addr: Address,
        local: Option<Address>,
        state: PathState,
        mtu: usize,
    ) -> Self {
        let pmtu = Pmtu::new(config, addr.ip, mtu);
        Self {
            addr,
            local,
            state,
            config: config.path.of(addr.ip),
            cc: Controller::new(config.congestion_control, chunk_room(pmtu.get())),
            pmtu,
            rto: Rto::new(config),
            flight: 0,
            errors: 0,
            proven: None,
            t3_rtx: None,
            heartbeat: None,
            heartbeat_due: false,
            probe: None,
            rtt_probe: None,
            last_data: None,
            last_use: None,
            after_timeout: false,
            timeout_spent: false,
            recovery: None,
            fast_retransmit: false,
            loss_timer: None,
            tail_probe: None,
            probe_answered: false,
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        self.state == PathState::Active
    }

    pub(crate) fn is_confirmed(&self) -> bool {
        self.state != PathState::Unconfirmed
    }

    /// Whether DATA may be put in flight here (6.1, B).
    pub(crate) fn has_window(&self) -> bool {
        self.flight < self.cc.cwnd()
    }

    /// What was learned about the network holds no more (7.2.5).
    pub(crate) fn forget_network(&mut self, config: &Config) {
        self.cc = Controller::new(config.congestion_control, chunk_room(self.mtu()));
        self.rto = Rto::new(config);
        self.rtt_probe = None;
        self.after_timeout = false;
        self.end_recovery();
    }

    /// Bytes of chunks in a full packet.
    pub(crate) fn chunk_room(&self) -> usize {
        chunk_room(self.mtu())
    }

    /// Room for an SCTP packet, IP header excluded.
    pub(crate) fn mtu(&self) -> usize {
        self.pmtu.get()
    }

    /// Does something that may change the MTU.
    pub(crate) fn with_pmtu<R>(&mut self, f: impl FnOnce(&mut Pmtu) -> R) -> R {
        let before = self.mtu();
        let result = f(&mut self.pmtu);
        if self.mtu() != before {
            self.cc.set_mtu(chunk_room(self.mtu()));
        }
        result
    }

    /// IP has another MTU for the route.
    pub(crate) fn on_route(&mut self, now: Time, mtu: usize, algorithm: Algorithm) {
        let was_guess = self.pmtu.is_guess();
        self.with_pmtu(|pmtu| pmtu.on_route(now, mtu));
        if was_guess && self.last_data.is_none() {
            // The initial window is a number of packets.
            self.cc = Controller::new(algorithm, self.chunk_room());
        }
    }

    /// Nothing that was sent here is waited for any more, and nothing of it will be recovered.
    pub(crate) fn forget_data(&mut self) {
        self.flight = 0;
        self.t3_rtx = None;
        self.rtt_probe = None;
        self.after_timeout = false;
        self.end_recovery();
    }

    /// Fast Recovery and probes are over, be it for a timeout.
    pub(crate) fn end_recovery(&mut self) {
        self.recovery = None;
        self.fast_retransmit = false;
        self.loss_timer = None;
        self.tail_probe = None;
    }

    /// Losses were found. The window is reduced once for all that were in flight, and again only if
    /// that did not help: `is_second`.
    pub(crate) fn enter_recovery(&mut self, exit: Tsn, is_second: bool, now: Time) {
        if self.recovery.is_none() || is_second {
            self.recovery = Some(Recovery { exit, since: now });
            self.cc.on_loss();
        }
        self.tail_probe = None;
    }

    /// When the first of the path's timers expires, or [`Time::NEVER`].
    pub(crate) fn next_timeout(&self) -> Time {
        let loss = self.loss_timer.map(|(at, _)| at);
        [self.t3_rtx, loss, self.heartbeat, self.pmtu.timer()]
            .map(|at| at.unwrap_or(Time::NEVER))
            .into_iter()
            .fold(Time::NEVER, Time::min)
    }

    pub(crate) fn start_t3(&mut self, now: Time) {
        self.t3_rtx = Some(now.plus(self.rto.get()));
    }

    /// Whether the one packet that may follow a timeout is under way: nothing more is to be sent
    /// until it is acknowledged (6.3.3, E3). If it was taken for lost, and another path has
    /// repeated it, there is nothing to wait for here.
    pub(crate) fn awaits_retransmission(&self) -> bool {
        self.after_timeout && self.timeout_spent && self.flight > 0
    }

    /// What leaves the flight: acknowledged, or taken for lost.
    pub(crate) fn leave_flight(&mut self, bytes: usize) {
        debug_assert!(self.flight >= bytes);
        self.flight = self.flight.saturating_sub(bytes);
    }

    /// DATA is about to be sent: lets cwnd fade by what the path was idle (7.2.1).
    pub(crate) fn before_data(&mut self, now: Time) {
        if self.flight > 0 {
            return;
        }
        if let Some(last) = self.last_data {
            let rto = self.rto.get().0.max(1);
            let periods = now.since(last).0 / rto;
            self.cc.on_idle(u32::try_from(periods).unwrap_or(u32::MAX));
            if periods > 0 {
                self.last_data = Some(now);
            }
        }
    }

    /// Something that was sent here, and nowhere else, was answered: the path works. Says what
    /// that changes for the user.
    pub(crate) fn proven(&mut self, now: Time, why: PathReason) -> Option<PathChange> {
        if core::mem::take(&mut self.errors) > 0 {
            self.with_pmtu(Pmtu::on_recovered);
        }
        self.proven = Some(now);
        let change = match self.state {
            PathState::Active => return None,
            PathState::Unconfirmed => PathChange::Confirmed,
            PathState::PotentiallyFailed => PathChange::Recovered(why),
            PathState::Inactive => PathChange::Available(why),
        };
        self.state = PathState::Active;
        Some(change)
    }

    /// A timeout or an unanswered HEARTBEAT (8.2, 8.3). Says what that changes for the user.
    ///
    /// The count goes on for a while when the path is inactive, so that of several such paths the
    /// one that failed least can be told (RFC 7829, 6.1).
    pub(crate) fn strike(&mut self) -> Option<PathChange> {
        let most = self.config.path_max_retrans.saturating_add(1);
        let most = most.saturating_mul(ERRORS_BEYOND);
        self.errors = self.errors.saturating_add(1).min(most);
        let state = select::state_after_error(self.state, self.errors, &self.config);
        if state == self.state {
            return None;
        }
        self.state = state;
        match state {
            PathState::PotentiallyFailed => Some(PathChange::PotentiallyFailed),
            PathState::Inactive => Some(PathChange::Unreachable),
            PathState::Active | PathState::Unconfirmed => None,
        }
    }

    /// What an expiry of the heartbeat timer is for, or when there will be something to do.
    /// `is_driven` is whether DATA is on its way here, or about to be, whose fate will tell as much
    /// as that of a HEARTBEAT.
    pub(crate) fn next_heartbeat(&self, now: Time, is_driven: bool, random: u32) -> Heartbeat {
        let is_lost = self.errors > self.config.path_max_retrans;
        match self.state {
            // To find out is not up to the user (5.4).
            PathState::Unconfirmed if !is_lost => return Heartbeat::Now,
            PathState::PotentiallyFailed
            | PathState::Unconfirmed
            | PathState::Active
            | PathState::Inactive => {}
        }
        if !self.config.heartbeats {
            return Heartbeat::Never;
        }
        match self.state {
            // Once per RTO (RFC 7829, 4.2).
            PathState::PotentiallyFailed if is_driven => {
                return Heartbeat::At(now.plus(self.rto.get()))
            }
            PathState::PotentiallyFailed => return Heartbeat::Now,
            PathState::Unconfirmed | PathState::Active | PathState::Inactive => {}
        }
        let idle_since = if is_driven { Some(now) } else { self.last_use };
        match idle_since {
            // The least that chance can choose: when the timer expires it has chosen already.
            Some(since) if since.plus(self.heartbeat_interval(0)) > now => {
                Heartbeat::At(since.plus(self.heartbeat_interval(random)))
            }
            Some(_) | None => Heartbeat::Now,
        }
    }

    /// How long a path is idle before a HEARTBEAT is due: HB.interval and one RTO, of which up to
    /// a half is added or taken away at random, so that associations do not fall into step (8.3).
    fn heartbeat_interval(&self, random: u32) -> Duration {
        let rto = self.rto.get().0;
        let share = (rto / 1024).saturating_mul(u64::from(random % 1024));
        Duration(
            (rto / 2)
                .saturating_add(share)
                .saturating_add(self.config.hb_interval.0),
        )
    }
}

/// Whether to send a HEARTBEAT.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Heartbeat {
    Now,
    At(Time),
    Never,
}

/// Bytes of chunks in a full packet: the unit that congestion control counts in, so that one MTU
/// of cwnd is one packet.
fn chunk_room(mtu: usize) -> usize {
    mtu.saturating_sub(Header::LEN) & !3
}
