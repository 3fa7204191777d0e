// SPDX-License-Identifier: GPL-2.0

//! Congestion control of a path (RFC 9260, 7.2; RFC 9438).
//!
//! A [`Controller`] is told what happened on its path and keeps cwnd; whether something may be
//! sent is decided by who owns the flight size. All sizes are bytes of DATA chunks as they are on
//! the wire, header and padding included, so that many small messages count for what they cost the
//! network.
//!
//! What every algorithm shares is here: the initial window, slow start, the decay of idle paths,
//! and that a window grows by newly acknowledged bytes only, and only if it was used (RFC 3465), so
//! that no way to split, repeat or hurry acknowledgements makes it grow faster. What they differ
//! in is the trait [`Avoidance`]; they are told apart by an enum, so that nothing is allocated.
//!
//! Invariant: cwnd is at least one MTU and at most [`CWND_MAX`], whatever a controller is told.

pub(crate) mod cubic;
mod reno;

use self::{cubic::Cubic, reno::Reno};
use super::time::{Duration, Time};

/// Upper end of cwnd: far above any window a receiver can offer, far below overflow.
pub(crate) const CWND_MAX: usize = 1 << 30;

/// The least that a loss leaves of ssthresh, in MTUs (7.2.3).
const LEAST_THRESHOLD: usize = 4;

/// Which algorithm governs the paths of an association.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Algorithm {
    /// RFC 9260, 7.2 to the letter.
    Reno,
    /// RFC 9438: the same, but for windows that are too large to be won back by one MTU per round
    /// trip.
    Cubic,
}

/// What a SACK did to one path, as congestion control sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acked {
    pub(crate) now: Time,
    /// The smoothed round-trip time; zero if there is none yet.
    pub(crate) srtt: Duration,
    /// Bytes newly acknowledged on this path, by the cumulative TSN or by gap blocks.
    pub(crate) bytes: usize,
    /// Bytes in flight on this path before the SACK.
    pub(crate) flight_before: usize,
    /// Whether the cumulative TSN ack point moved.
    pub(crate) cumulative_advanced: bool,
    /// Whether nothing is left in flight on this path.
    pub(crate) all_acked: bool,
    /// Whether the path is in Fast Recovery.
    pub(crate) in_recovery: bool,
}

/// The congestion window of a path.
#[derive(Clone, Copy, Debug)]
struct Window {
    mtu: usize,
    cwnd: usize,
    ssthresh: usize,
}

/// What algorithms differ in.
trait Avoidance {
    /// L of RFC 3465: by how many MTUs a SACK opens the window in slow start at most.
    const SLOW_START_LIMIT: usize;

    /// Whether a SACK that does not move the cumulative TSN may open the window.
    const GROWS_BY_GAPS: bool;

    /// A SACK in congestion avoidance, outside of Fast Recovery. `is_full` is whether cwnd was what
    /// held the sender back. Gives by how much cwnd grows.
    fn growth(&mut self, window: &Window, acked: &Acked, is_full: bool) -> usize;

    /// Losses or a timeout: what is left of cwnd. The caller sees to it that this is not too little.
    fn reduced(&mut self, window: &Window) -> usize;

    /// Congestion avoidance, if it comes to that again, begins anew: after a timeout, or after the
    /// path was idle.
    fn restart(&mut self, after_timeout: bool);
}

/// The algorithm of one path and its state.
#[derive(Clone, Debug)]
enum State {
    Reno(Reno),
    Cubic(Cubic),
}

/// Congestion control of one path.
#[derive(Clone, Debug)]
pub(crate) struct Controller {
    window: Window,
    state: State,
    /// Whether the current slow start follows a timeout.
    after_timeout: bool,
}

#[allow(dead_code)]
impl Controller {
    /// A path of which nothing is known but its MTU (7.2.1).
    pub(crate) fn new(algorithm: Algorithm, mtu: usize) -> Self {
        let mtu = bounded_mtu(mtu);
        Self {
            window: Window {
                mtu,
                cwnd: initial_cwnd(mtu),
                ssthresh: CWND_MAX,
            },
            state: match algorithm {
                Algorithm::Reno => State::Reno(Reno::default()),
                Algorithm::Cubic => State::Cubic(Cubic::default()),
            },
            after_timeout: false,
        }
    }

    pub(crate) fn cwnd(&self) -> usize {
        self.window.cwnd
    }

    pub(crate) fn ssthresh(&self) -> usize {
        self.window.ssthresh
    }

    /// 0 with algorithms that have no such thing.
    pub(crate) fn partial_bytes_acked(&self) -> usize {
        match &self.state {
            State::Reno(reno) => reno.partial_bytes_acked(),
            State::Cubic(_) => 0,
        }
    }

    pub(crate) fn in_slow_start(&self) -> bool {
        self.window.in_slow_start()
    }

    /// A SACK acknowledged something on this path.
    pub(crate) fn on_sack(&mut self, acked: &Acked) {
        let limit = self.after_timeout.then_some(1);
        match &mut self.state {
            State::Reno(reno) => self.window.on_sack(reno, acked, limit),
            State::Cubic(cubic) => self.window.on_sack(cubic, acked, limit),
        }
        self.after_timeout &= self.in_slow_start();
    }

    /// Losses were found on this path, which is not in Fast Recovery (7.2.4, step 2).
    pub(crate) fn on_loss(&mut self) {
        self.reduce();
        self.window.set_cwnd(self.window.ssthresh);
        self.after_timeout = false;
    }

    /// T3-rtx expired (7.2.3).
    pub(crate) fn on_timeout(&mut self) {
        self.reduce();
        self.window.set_cwnd(self.window.mtu);
        self.restart(true);
        self.after_timeout = true;
    }

    /// Nothing was sent for `periods` RTOs: what was known about the path fades (7.2.1, last
    /// item). cwnd halves per period, and ssthresh remembers where it was.
    pub(crate) fn on_idle(&mut self, periods: u32) {
        let floor = self.window.mtu.saturating_mul(4);
        let cwnd = self.window.cwnd;
        if periods == 0 || cwnd <= floor {
            return;
        }
        self.window.ssthresh = cwnd;
        let faded = cwnd.checked_shr(periods).unwrap_or(0);
        self.window.set_cwnd(faded.max(floor));
        self.restart(false);
    }

    /// The path's MTU changed.
    pub(crate) fn set_mtu(&mut self, mtu: usize) {
        self.window.mtu = bounded_mtu(mtu);
        self.window.set_cwnd(self.window.cwnd);
    }

    fn reduce(&mut self) {
        let left = match &mut self.state {
            State::Reno(reno) => reno.reduced(&self.window),
            State::Cubic(cubic) => cubic.reduced(&self.window),
        };
        self.window.ssthresh = left.max(self.window.mtu.saturating_mul(LEAST_THRESHOLD));
    }

    fn restart(&mut self, after_timeout: bool) {
        match &mut self.state {
            State::Reno(reno) => reno.restart(after_timeout),
            State::Cubic(cubic) => cubic.restart(after_timeout),
        }
    }
}

impl Window {
    fn in_slow_start(&self) -> bool {
        self.cwnd <= self.ssthresh
    }

    fn set_cwnd(&mut self, cwnd: usize) {
        self.cwnd = cwnd.max(self.mtu).min(CWND_MAX);
    }

    /// `limit` is that on the growth in slow start, in MTUs, if it is not the algorithm's.
    fn on_sack<A: Avoidance>(&mut self, algorithm: &mut A, acked: &Acked, limit: Option<usize>) {
        if acked.in_recovery {
            return;
        }
        // The window grows only if it was what held the sender back, else it would grow without
        // ever having been tested.
        let is_full = acked.flight_before >= self.cwnd;
        let growth = if !self.in_slow_start() {
            algorithm.growth(self, acked, is_full)
        } else if is_full && (acked.cumulative_advanced || A::GROWS_BY_GAPS) {
            let limit = limit.unwrap_or(A::SLOW_START_LIMIT);
            acked.bytes.min(self.mtu.saturating_mul(limit))
        } else {
            0
        };
        self.set_cwnd(self.cwnd.saturating_add(growth));
    }
}

/// No packet is larger, and none is empty: with this, sums of a few MTUs cannot overflow.
fn bounded_mtu(mtu: usize) -> usize {
    mtu.clamp(1, 1 << 16)
}

/// RFC 9260, 7.2.1: min(4 MTU, max(2 MTU, 4404 bytes)).
fn initial_cwnd(mtu: usize) -> usize {
    mtu.saturating_mul(2).max(4404).min(mtu.saturating_mul(4))
}
