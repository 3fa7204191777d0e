// SPDX-License-Identifier: GPL-2.0

//! The MTU of a path, and how it is found: RFC 8899, with RFC 9260, 7.3, and RFC 4820.
//!
//! All sizes are those of SCTP packets, IP header excluded: what RFC 8899 calls the PLPMTU.
//!
//! ```text
//!            answered           nothing left to try
//!   Base ─────────────► Searching ────────────────► Complete ◄── begin, packet too big
//!    │ ▲                │   ▲ ▲                      │    │
//!    │ └────────────────┼───┼─┼──────────────────────┘    │
//!    │    black hole ◄──┘   │ └───────────────────────────┘
//!    │                      │   PMTU_RAISE_TIMER, a larger route
//!    │ 3 probes lost        │ answered
//!    └────────────► Error ──┘
//! ```
//!
//! RFC 8899, 5.2 would have every path begin at BASE_PLPMTU and search. Here the MTU that IP knows
//! (of the route, or of a packet too big) is believed until there is evidence against it: almost
//! always it is right, whoever is wrong mostly says so by ICMP, and a host that sends less than
//! its link can carry is slower for no reason. If it is not right, the first DATA of that size
//! that T3-rtx finds lost leads to `Base`, one RTO after the start, and the search begins. So
//! nothing is probed on a path that works. What was confirmed once, by an answered probe or by an
//! acknowledgement of so large a packet, is given up after two timeouts in a row, since losses
//! have other causes. An MTU that becomes larger is never in a hurry: it is probed first. With
//! `Config::probe_from_base` nothing is believed and all is as the RFC has it.
//!
//! A probe is a HEARTBEAT with padding, alone in its packet, and its answer is known by its nonce.
//! It is not retransmitted; that it is lost says nothing about congestion or about the path.
//!
//! This is a table of transitions: nothing here sends, and time comes with each call.
//!
//! The user may switch this off: then the MTU is the user's, or the route's, and IP fragments what is
//! larger than a link, be it by routers.
//!
//! Invariants: MIN_MTU <= `plpmtu` <= `limit` <= `route` unless it is switched off; a probe that is in flight has its timer,
//! and none is due then.

use super::{
    addr::IpAddr,
    config::{Config, PathConfig},
    path::{Probe, MIN_MTU},
    serial::Tsn,
    time::{Duration, Time},
};

/// BASE_PLPMTU: expected to work everywhere (RFC 8899, 5.1.2).
pub(crate) const BASE_PLPMTU: usize = 1200;

/// Sizes are kept in few bytes: there may be very many paths.
const BASE: u32 = BASE_PLPMTU as u32;
const LEAST: u32 = MIN_MTU as u32;

/// MAX_PROBES: how often a size is tried (RFC 8899, 5.1.2).
const MAX_PROBES: u8 = 3;

/// PMTU_RAISE_TIMER, in probe intervals: 600 s by default.
const RAISE_INTERVALS: u64 = 30;

/// MTUs that are common on links, tunnels included, IP header counted. Those that do not work are
/// tried from above before anything in between.
const COMMON_MTUS: [u32; 6] = [9000, 1500, 1492, 1450, 1420, 1280];

/// Least and largest MTU that the user may choose, IP header counted. The least leaves less than
/// MIN_MTU, but who chooses it knows why.
const MIN_FIXED: u32 = 512;
const MAX_FIXED: u32 = 65532;

/// After so many timeouts in a row a size that had been confirmed is given up.
const TIMEOUTS: u8 = 2;

/// The states of RFC 8899, 5.2. Its DISABLED is a path to which no probes are sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// Sends at BASE_PLPMTU, and finds out whether that works.
    Base,
    /// Sends at what was confirmed, and probes what is larger.
    Searching,
    /// SEARCH_COMPLETE: there is nothing to probe.
    Complete,
    /// Not even BASE_PLPMTU works: sends at the least there is.
    Error,
}

/// Whether the PMTU that IP reports was news.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TooBig {
    /// Not believed, or not about anything that is sent.
    Ignored,
    /// The MTU is the user's choice; IP has to fragment.
    Routed,
    /// It was about a probe: the search has an upper end.
    Probe,
    /// What is in flight was too big.
    Lowered,
}

#[derive(Clone, Debug)]
pub(crate) struct Pmtu {
    /// Whether the MTU is looked for (SPP_PMTUD_ENABLE).
    enabled: bool,
    /// Without that: what it is. The route's if this is not known either.
    fixed: Option<u32>,
    /// PROBE_TIMER; zero if nothing is to be probed.
    interval: Duration,
    from_base: bool,
    /// Size of an IP header to this address.
    header: u32,
    /// What the route can carry, as IP has it.
    route: u32,
    /// Or rather as somebody had to guess before there was a route.
    is_guess: bool,
    /// How far a search goes: `route`, or what a packet too big has said, until the raise timer.
    limit: u32,
    /// What DATA is sent at.
    plpmtu: u32,
    /// Size of the largest packet that is known to have arrived since the last black hole.
    confirmed: u32,
    phase: Phase,
    /// The smallest size that this search has found not to work.
    failed: u32,
    /// PROBED_SIZE and PROBE_COUNT.
    probed: u32,
    count: u8,
    /// A probe is to be sent.
    due: bool,
    probe: Option<Probe>,
    /// PROBE_TIMER if a probe is in flight, else PMTU_RAISE_TIMER.
    timer: Option<Time>,
    /// Size of the largest packet with DATA since one was acknowledged.
    unacked: u32,
    /// Timeouts in a row of which such packets may be the reason.
    timeouts: u8,
    /// A packet whose acknowledgement will confirm its size.
    sample: Option<Sample>,
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    tsn: Tsn,
    len: u32,
}

#[allow(dead_code)]
impl Pmtu {
    /// A path of which only the route is known.
    pub(crate) fn new(config: &Config, ip: IpAddr, route: usize) -> Self {
        let route = bounded(size(route));
        let header = match ip {
            IpAddr::V4(_) => 20,
            IpAddr::V6(_) => 40,
        };
        let fixed = chosen(&config.path, header);
        let mut pmtu = Self {
            enabled: config.path.pmtud,
            fixed,
            interval: config.probe_interval,
            from_base: config.probe_from_base,
            header,
            route,
            is_guess: false,
            limit: route,
            plpmtu: fixed.unwrap_or(route),
            confirmed: 0,
            phase: Phase::Complete,
            failed: u32::MAX,
            probed: 0,
            count: 0,
            due: false,
            probe: None,
            timer: None,
            unacked: 0,
            timeouts: 0,
            sample: None,
        };
        if pmtu.may_probe() && pmtu.from_base {
            pmtu.enter_base();
        }
        pmtu
    }

    /// The size to send at.
    pub(crate) fn get(&self) -> usize {
        self.plpmtu as usize
    }

    /// What the route was last said to carry.
    pub(crate) fn route(&self) -> usize {
        self.route as usize
    }

    /// What the route was said to carry is a guess: IP is believed as soon as it knows.
    pub(crate) fn set_guess(&mut self) {
        self.is_guess = true;
    }

    pub(crate) fn is_guess(&self) -> bool {
        self.is_guess
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// When `handle_timeout` is to be called.
    pub(crate) fn timer(&self) -> Option<Time> {
        self.timer
    }

    /// PROBE_TIMER, zero if nothing is probed.
    pub(crate) fn interval(&self) -> Duration {
        self.interval
    }

    /// Sets PROBE_TIMER. Who is not to probe believes IP.
    pub(crate) fn set_interval(&mut self, now: Time, interval: Duration) {
        let did_probe = self.may_probe();
        self.interval = interval;
        match (did_probe, self.may_probe()) {
            (true, false) => self.believe(now, self.limit),
            (false, true) => self.search(now),
            // From the next probe on.
            (true, true) | (false, false) => {}
        }
    }

    /// Switches the search on or off. Who chooses no MTU for the time without it keeps what it is.
    pub(crate) fn configure(&mut self, now: Time, config: &PathConfig) {
        if config.pmtud {
            if !core::mem::replace(&mut self.enabled, true) {
                self.fixed = None;
                self.limit = self.route;
                if self.from_base && self.may_probe() {
                    self.enter_base();
                } else {
                    self.believe(now, self.route);
                }
            }
            return;
        }
        let was_enabled = core::mem::replace(&mut self.enabled, false);
        let unchanged = was_enabled.then_some(self.plpmtu).or(self.fixed);
        let fixed = chosen(config, self.header).or(unchanged);
        if fixed != self.fixed {
            self.fixed = fixed;
            self.believe(now, fixed.unwrap_or(self.route));
        }
    }

    fn may_probe(&self) -> bool {
        self.enabled && self.interval > Duration::ZERO
    }

    fn base(&self) -> u32 {
        BASE.min(self.limit)
    }

    // What is heard.

    /// IP has another MTU for the route, or a route of another MTU.
    pub(crate) fn on_route(&mut self, now: Time, mtu: usize) {
        let mtu = bounded(size(mtu));
        let was_guess = core::mem::take(&mut self.is_guess);
        if mtu == self.route {
            return;
        }
        let grows = mtu > self.limit;
        self.route = mtu;
        self.limit = mtu;
        if !self.enabled {
            self.plpmtu = self.fixed.unwrap_or(mtu);
            return;
        }
        match self.phase {
            // What was found out was found out about another route.
            Phase::Base | Phase::Error => self.enter_base(),
            Phase::Searching | Phase::Complete if was_guess => self.believe(now, mtu),
            Phase::Searching | Phase::Complete if !grows => self.lower_limit(now),
            Phase::Searching | Phase::Complete if self.may_probe() => {
                self.failed = u32::MAX;
                self.search(now);
            }
            Phase::Searching | Phase::Complete => self.believe(now, mtu),
        }
    }

    /// A packet too big, of which the caller has made sure that it is about a packet of ours
    /// (RFC 8899, 4.6.2).
    pub(crate) fn on_too_big(&mut self, now: Time, mtu: usize) -> TooBig {
        let mtu = size(mtu) & !3;
        if mtu < LEAST {
            return TooBig::Ignored;
        }
        if !self.enabled {
            return TooBig::Routed;
        }
        let is_probe = self.probe.is_some() && mtu < self.probed;
        if mtu >= self.plpmtu && !is_probe {
            return TooBig::Ignored;
        }
        let lowered = mtu < self.plpmtu;
        self.limit = mtu.min(self.limit);
        self.lower_limit(now);
        if lowered {
            TooBig::Lowered
        } else {
            TooBig::Probe
        }
    }

    /// The answer to the probe came.
    pub(crate) fn on_answer(&mut self, now: Time) {
        if self.probe.is_none() {
            return;
        }
        let size = self.probed;
        self.forget_probe();
        self.confirmed = self.confirmed.max(size);
        self.plpmtu = self.plpmtu.max(size);
        self.search(now);
    }

    /// A packet with DATA was sent, new DATA if there is a `tsn`.
    pub(crate) fn on_sent(&mut self, len: usize, tsn: Option<Tsn>) {
        // If it is longer, IP cuts it.
        let len = size(len).min(self.plpmtu);
        self.unacked = self.unacked.max(len);
        if let Some(tsn) = tsn {
            if self.sample.is_none() && len > self.confirmed {
                self.sample = Some(Sample { tsn, len });
            }
        }
    }

    /// A SACK came; `progress` is whether it acknowledged DATA of this path, `is_acked` and
    /// `is_lost` are what is known about a TSN.
    pub(crate) fn on_sack(
        &mut self,
        progress: bool,
        is_acked: impl FnOnce(Tsn) -> bool,
        is_lost: impl FnOnce(Tsn) -> bool,
    ) {
        if progress {
            self.unacked = 0;
            self.timeouts = 0;
        }
        if let Some(sample) = self.sample {
            if is_acked(sample.tsn) {
                self.confirmed = self.confirmed.max(sample.len);
                self.sample = None;
            } else if is_lost(sample.tsn) {
                self.sample = None;
            }
        }
    }

    /// T3-rtx has expired: the path may be a black hole for packets of the size in use
    /// (RFC 8899, 4.3).
    pub(crate) fn on_t3(&mut self) {
        self.sample = None;
        let is_base = self.plpmtu <= self.base();
        let floor = if is_base { LEAST } else { self.base() };
        if !self.may_probe() || self.phase == Phase::Error || self.unacked <= floor {
            return;
        }
        self.timeouts = self.timeouts.saturating_add(1);
        let is_untested = !is_base && self.unacked > self.confirmed;
        if !is_untested && self.timeouts < TIMEOUTS {
            return;
        }
        if is_base {
            self.enter_error();
        } else {
            self.enter_base();
        }
    }

    /// The path works again after it was in doubt: the probe under way was perhaps not lost by its
    /// size, and need not be waited for.
    pub(crate) fn on_recovered(&mut self) {
        match self.phase {
            Phase::Base | Phase::Error => self.propose(self.plpmtu),
            Phase::Searching | Phase::Complete => {}
        }
    }

    /// Time has passed.
    pub(crate) fn handle_timeout(&mut self, now: Time) {
        if self.timer.is_none_or(|at| at > now) {
            return;
        }
        self.timer = None;
        if self.probe.take().is_none() {
            // PMTU_RAISE_TIMER
            self.limit = self.route;
            self.failed = u32::MAX;
            self.search(now);
            return;
        }
        self.count = self.count.saturating_add(1);
        if self.count < MAX_PROBES {
            self.due = true;
            return;
        }
        match self.phase {
            Phase::Base => self.enter_error(),
            Phase::Error => self.propose(self.plpmtu),
            Phase::Searching | Phase::Complete => {
                self.failed = self.probed;
                self.search(now);
            }
        }
    }

    // What is sent.

    /// The size of the probe that is to be sent now, if one is.
    pub(crate) fn probe_due(&self) -> Option<usize> {
        (self.due && self.may_probe()).then_some(self.probed as usize)
    }

    /// The probe was sent. `rto` is how long an answer may take.
    pub(crate) fn probe_sent(&mut self, probe: Probe, rto: Duration) {
        self.due = false;
        self.timer = Some(probe.sent.plus(self.interval.max(rto)));
        self.probe = Some(probe);
    }

    /// What an answer has to contain.
    pub(crate) fn probe(&self) -> Option<Probe> {
        self.probe
    }

    /// The association ends or begins anew: nothing is sent any more.
    pub(crate) fn stop(&mut self) {
        self.forget_probe();
        self.phase = Phase::Complete;
    }

    // Transitions.

    fn forget_probe(&mut self) {
        self.probe = None;
        self.due = false;
        self.timer = None;
        self.count = 0;
    }

    /// `size` is to be probed.
    fn propose(&mut self, size: u32) {
        self.forget_probe();
        self.probed = size;
        self.due = true;
    }

    fn enter_base(&mut self) {
        self.phase = Phase::Base;
        self.fall_to(self.base());
    }

    fn enter_error(&mut self) {
        self.phase = Phase::Error;
        self.fall_to(LEAST);
    }

    /// Nothing larger than `size` is believed to work, and that is yet to be seen.
    fn fall_to(&mut self, size: u32) {
        self.begin_anew(size);
        self.propose(size);
    }

    fn begin_anew(&mut self, size: u32) {
        self.plpmtu = size;
        self.confirmed = 0;
        self.unacked = 0;
        self.timeouts = 0;
        self.sample = None;
        self.failed = u32::MAX;
    }

    /// IP says what the path can carry.
    fn believe(&mut self, now: Time, mtu: u32) {
        self.forget_probe();
        self.phase = Phase::Complete;
        self.begin_anew(mtu);
        self.start_raise_timer(now);
    }

    /// `limit` has become less.
    fn lower_limit(&mut self, now: Time) {
        if self.limit < self.plpmtu {
            if self.from_base && self.may_probe() {
                self.enter_base();
            } else {
                self.believe(now, self.limit);
            }
        } else if self.probed > self.limit && (self.due || self.probe.is_some()) {
            self.search(now);
        }
    }

    /// Goes on with what there is to try.
    fn search(&mut self, now: Time) {
        if let Some(size) = self.candidate() {
            self.phase = Phase::Searching;
            self.propose(size);
        } else {
            self.phase = Phase::Complete;
            self.forget_probe();
            self.start_raise_timer(now);
        }
    }

    fn start_raise_timer(&mut self, now: Time) {
        if self.may_probe() && self.plpmtu < self.route {
            let wait = Duration(self.interval.0.saturating_mul(RAISE_INTERVALS));
            self.timer = Some(now.plus(wait));
        }
    }

    /// What to probe next: first all there could be, for a path that was down may be as good as
    /// before; then BASE_PLPMTU, and common sizes from above until one works; then the middle of
    /// what is left, until that is not worth a probe.
    fn candidate(&self) -> Option<u32> {
        let (low, high) = (self.plpmtu, self.failed);
        if self.limit <= low {
            return None;
        }
        if high > self.limit {
            return Some(self.limit);
        }
        if low < self.base() && self.base() < high {
            return Some(self.base());
        }
        if low <= self.base() {
            let common = COMMON_MTUS
                .iter()
                .map(|mtu| mtu.saturating_sub(self.header) & !3)
                .find(|size| *size > low && *size < high);
            if common.is_some() {
                return common;
            }
        }
        let gap = high.saturating_sub(low);
        let middle = low.saturating_add(gap / 2) & !3;
        // One part in 32.
        (gap > low / 32 && middle > low).then_some(middle)
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        if self.enabled {
            assert_eq!(self.fixed, None);
            assert!(LEAST <= self.plpmtu, "{self:?}");
            assert!(self.plpmtu <= self.limit, "{self:?}");
        } else {
            assert_eq!(self.plpmtu, self.fixed.unwrap_or(self.route), "{self:?}");
            assert!(!self.due && self.timer.is_none(), "{self:?}");
        }
        assert!(self.limit <= self.route, "{self:?}");
        if self.probe.is_some() {
            assert!(self.timer.is_some() && !self.due, "{self:?}");
        }
        if self.due {
            assert!(self.timer.is_none(), "{self:?}");
            assert!(LEAST <= self.probed && self.probed <= self.limit);
        }
        assert!(self.count < MAX_PROBES, "{self:?}");
        match self.phase {
            Phase::Base => assert_eq!(self.plpmtu, self.base()),
            Phase::Error => assert_eq!(self.plpmtu, LEAST),
            Phase::Searching => assert!(self.due || self.probe.is_some(), "{self:?}"),
            Phase::Complete => assert!(!self.due && self.probe.is_none(), "{self:?}"),
        }
    }
}

/// What the user wants the MTU to be, of the sizes that packets can have.
fn chosen(config: &PathConfig, header: u32) -> Option<u32> {
    let mtu = config.fixed_mtu;
    let size = mtu.clamp(MIN_FIXED, MAX_FIXED).saturating_sub(header) & !3;
    (!config.pmtud && mtu != 0).then_some(size)
}

/// An MTU that packets can have: whole words, and not less than is ever believed.
fn bounded(mtu: u32) -> u32 {
    (mtu & !3).max(LEAST)
}

fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
