// SPDX-License-Identifier: GPL-2.0

//! The congestion control of RFC 9260, 7.2: slow start, congestion avoidance, and what losses do.
//!
//! Invariants: `cwnd` is at least one MTU after each call; `partial_bytes_acked` is at most `cwnd`
//! unless the window is being fully used.

use super::Acked;

/// L of RFC 9260, 7.2.1: in slow start a SACK opens the window by at most so many MTUs. Two,
/// because a receiver acknowledges every second packet; with one the window would grow by half per
/// round trip, not double (RFC 3465, 2.2). One applies while recovering from a timeout.
const SLOW_START_LIMIT: usize = 2;

/// Upper end of cwnd: far above any window a receiver can offer, far below overflow.
const CWND_MAX: usize = 1 << 30;

#[derive(Clone, Debug)]
pub(crate) struct Reno {
    mtu: usize,
    cwnd: usize,
    ssthresh: usize,
    /// Bytes acknowledged since cwnd last grew, in congestion avoidance.
    partial_bytes_acked: usize,
    /// Whether the current slow start follows a timeout.
    after_timeout: bool,
}

#[allow(dead_code)]
impl Reno {
    /// A path of which nothing is known but its MTU (7.2.1).
    pub(crate) fn new(mtu: usize) -> Self {
        Self {
            mtu,
            cwnd: initial_cwnd(mtu),
            ssthresh: CWND_MAX,
            partial_bytes_acked: 0,
            after_timeout: false,
        }
    }

    pub(crate) fn cwnd(&self) -> usize {
        self.cwnd
    }

    pub(crate) fn ssthresh(&self) -> usize {
        self.ssthresh
    }

    pub(crate) fn partial_bytes_acked(&self) -> usize {
        self.partial_bytes_acked
    }

    pub(crate) fn in_slow_start(&self) -> bool {
        self.cwnd <= self.ssthresh
    }

    /// A SACK acknowledged something on this path, or moved the cumulative TSN.
    pub(crate) fn on_sack(&mut self, acked: &Acked) {
        // The window grows only if it was what held the sender back, else it would grow without
        // ever having been tested.
        let fully_used = acked.flight_before >= self.cwnd;
        if acked.cumulative_advanced && !acked.in_recovery {
            if self.in_slow_start() {
                if fully_used {
                    let limit = if self.after_timeout {
                        self.mtu
                    } else {
                        self.mtu.saturating_mul(SLOW_START_LIMIT)
                    };
                    self.set_cwnd(self.cwnd.saturating_add(acked.bytes.min(limit)));
                }
            } else {
                self.after_timeout = false;
                let sum = self.partial_bytes_acked.saturating_add(acked.bytes);
                self.partial_bytes_acked = sum;
                if sum >= self.cwnd {
                    if fully_used {
                        self.partial_bytes_acked = sum.saturating_sub(self.cwnd);
                        self.set_cwnd(self.cwnd.saturating_add(self.mtu));
                    } else {
                        self.partial_bytes_acked = self.cwnd;
                    }
                }
            }
        }
        if acked.all_acked {
            self.partial_bytes_acked = 0;
        }
    }

    /// Losses were found by missing reports, outside of Fast Recovery (7.2.4, step 2).
    pub(crate) fn on_fast_retransmit(&mut self) {
        self.ssthresh = self.reduced();
        self.set_cwnd(self.ssthresh);
        self.partial_bytes_acked = 0;
        self.after_timeout = false;
    }

    /// T3-rtx expired (7.2.3).
    pub(crate) fn on_timeout(&mut self) {
        self.ssthresh = self.reduced();
        self.set_cwnd(self.mtu);
        self.partial_bytes_acked = 0;
        self.after_timeout = true;
    }

    /// Nothing was sent for `periods` RTOs: what was known about the path fades (7.2.1, last
    /// item). cwnd halves per period, and ssthresh remembers where it was.
    pub(crate) fn on_idle(&mut self, periods: u32) {
        let floor = self.mtu.saturating_mul(4);
        if periods == 0 || self.cwnd <= floor {
            return;
        }
        self.ssthresh = self.cwnd;
        let faded = self.cwnd.checked_shr(periods).unwrap_or(0);
        self.set_cwnd(faded.max(floor));
        self.partial_bytes_acked = 0;
    }

    /// The path's MTU changed.
    pub(crate) fn set_mtu(&mut self, mtu: usize) {
        self.mtu = mtu;
        self.set_cwnd(self.cwnd);
    }

    fn reduced(&self) -> usize {
        (self.cwnd / 2).max(self.mtu.saturating_mul(4))
    }

    fn set_cwnd(&mut self, cwnd: usize) {
        self.cwnd = cwnd.min(CWND_MAX).max(self.mtu);
    }
}

/// RFC 9260, 7.2.1: min(4 MTU, max(2 MTU, 4404 bytes)).
fn initial_cwnd(mtu: usize) -> usize {
    mtu.saturating_mul(2)
        .max(4404)
        .min(mtu.saturating_mul(4))
        .min(CWND_MAX)
}
