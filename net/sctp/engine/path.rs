// SPDX-License-Identifier: GPL-2.0

//! A path: one transport address of the peer, and what is known about reaching it (RFC 9260, 5.4,
//! 6.3, 6.4, 7.1, 8.2, 8.3).
//!
//! Everything that the RFC keeps per destination address is here from the start: congestion
//! control, RTO, error counter, flight size, MTU, the timers T3-rtx and heartbeat.
//!
//! Invariant: `flight` is the sum of the wire sizes of the chunks that the outstanding queue holds
//! as in flight on this path.

use super::{
    addr::Address,
    cc::Controller,
    config::Config,
    rto::Rto,
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

/// Index of a path in its association. Addresses are never removed while an association lives, so
/// an index stays good.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct PathId(pub(crate) u8);

impl PathId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Whether a path may be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PathState {
    /// The peer claims this address; that it answers there has not been seen. No DATA goes there
    /// (5.4), or anybody could have somebody flooded.
    Unconfirmed,
    /// In use, or ready for it.
    Active,
    /// Did not answer Path.Max.Retrans times.
    Inactive,
}

/// A HEARTBEAT that was sent and not yet answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    /// What the answer must contain.
    pub(crate) nonce: u64,
    pub(crate) sent: Time,
}

/// A TSN whose acknowledgement will give a round-trip time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RttProbe {
    pub(crate) tsn: Tsn,
    pub(crate) sent: Time,
}

#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) addr: Address,
    /// The local address that the peer uses with this one; `None` if routing decides.
    pub(crate) local: Option<Address>,
    pub(crate) state: PathState,
    /// Room for an SCTP packet, IP header excluded.
    pub(crate) mtu: usize,
    pub(crate) cc: Controller,
    pub(crate) rto: Rto,
    /// Bytes in flight, as DATA chunks on the wire.
    pub(crate) flight: usize,
    /// Consecutive timeouts and unanswered HEARTBEATs (8.2).
    pub(crate) errors: u32,
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
    /// T3-rtx has expired and nothing was acknowledged since: one packet of retransmissions may
    /// leave, and it has if `timeout_spent` (6.3.3, E3).
    pub(crate) after_timeout: bool,
    pub(crate) timeout_spent: bool,
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
        let mtu = mtu.max(MIN_MTU);
        Self {
            addr,
            local,
            state,
            mtu,
            cc: Controller::new(config.congestion_control, chunk_room(mtu)),
            rto: Rto::new(config),
            flight: 0,
            errors: 0,
            t3_rtx: None,
            heartbeat: None,
            heartbeat_due: false,
            probe: None,
            rtt_probe: None,
            last_data: None,
            after_timeout: false,
            timeout_spent: false,
            probe_answered: false,
        }
    }

    pub(crate) fn is_active(&self) -> bool {
        match self.state {
            PathState::Active => true,
            PathState::Unconfirmed | PathState::Inactive => false,
        }
    }

    pub(crate) fn is_confirmed(&self) -> bool {
        match self.state {
            PathState::Active | PathState::Inactive => true,
            PathState::Unconfirmed => false,
        }
    }

    /// Whether DATA may be put in flight here (6.1, B).
    pub(crate) fn has_window(&self) -> bool {
        self.flight < self.cc.cwnd()
    }

    pub(crate) fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu.max(MIN_MTU);
        self.cc.set_mtu(chunk_room(self.mtu));
    }

    pub(crate) fn start_t3(&mut self, now: Time) {
        self.t3_rtx = Some(now.plus(self.rto.get()));
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

    /// The peer was heard through this path: it works.
    pub(crate) fn clear_errors(&mut self) {
        self.errors = 0;
        match self.state {
            PathState::Inactive => self.state = PathState::Active,
            PathState::Active | PathState::Unconfirmed => {}
        }
    }

    /// A timeout or an unanswered HEARTBEAT (8.2, 8.3).
    pub(crate) fn strike(&mut self, config: &Config) {
        self.errors = self.errors.saturating_add(1);
        if self.errors > config.path_max_retrans {
            match self.state {
                PathState::Active => self.state = PathState::Inactive,
                PathState::Inactive | PathState::Unconfirmed => {}
            }
        }
    }

    /// When the next HEARTBEAT is due: HB.interval after one RTO of which up to a half is added
    /// or taken away at random, so that associations do not fall into step (8.3).
    pub(crate) fn heartbeat_interval(&self, config: &Config, random: u32) -> Duration {
        let rto = self.rto.get().0;
        let share = (rto / 1024).saturating_mul(u64::from(random % 1024));
        Duration(
            (rto / 2)
                .saturating_add(share)
                .saturating_add(config.hb_interval.0),
        )
    }
}

/// Bytes of chunks in a full packet: the unit that congestion control counts in, so that one MTU
/// of cwnd is one packet.
fn chunk_room(mtu: usize) -> usize {
    mtu.saturating_sub(Header::LEN) & !3
}
