// SPDX-License-Identifier: GPL-2.0

//! Congestion avoidance of RFC 9260, 7.2.2 and 7.2.3: one MTU per window, and half of it is left
//! by a loss.
//!
//! Invariant: `partial_bytes_acked` is at most cwnd unless the window is being fully used.

use super::{Acked, Avoidance, Window};

#[derive(Clone, Debug, Default)]
pub(super) struct Reno {
    /// Bytes acknowledged since cwnd last grew.
    partial_bytes_acked: usize,
}

impl Reno {
    pub(super) fn partial_bytes_acked(&self) -> usize {
        self.partial_bytes_acked
    }
}

impl Avoidance for Reno {
    /// Two, because a receiver acknowledges every second packet; with one the window would grow by
    /// half per round trip, not double (RFC 3465, 2.2).
    const SLOW_START_LIMIT: usize = 2;

    const GROWS_BY_GAPS: bool = false;

    fn growth(&mut self, window: &Window, acked: &Acked, is_full: bool) -> usize {
        let mut growth = 0;
        if acked.cumulative_advanced {
            let sum = self.partial_bytes_acked.saturating_add(acked.bytes);
            self.partial_bytes_acked = sum;
            if sum >= window.cwnd {
                if is_full {
                    self.partial_bytes_acked = sum.saturating_sub(window.cwnd);
                    growth = window.mtu;
                } else {
                    self.partial_bytes_acked = window.cwnd;
                }
            }
        }
        if acked.all_acked {
            self.partial_bytes_acked = 0;
        }
        growth
    }

    fn reduced(&mut self, window: &Window) -> usize {
        self.partial_bytes_acked = 0;
        window.cwnd / 2
    }

    fn restart(&mut self, _after_timeout: bool) {
        self.partial_bytes_acked = 0;
    }
}
