// SPDX-License-Identifier: GPL-2.0

//! CUBIC (RFC 9438) for a path of SCTP: bytes where the RFC has segments, integers where it has
//! fractions.
//!
//! Of two windows the larger one counts. One is a cubic function of the time since congestion
//! avoidance began: it rises fast towards `w_max`, where the last loss was, lingers there for a
//! while, then looks for more. The other one, `w_est`, is where Reno's algorithm would be, so that
//! CUBIC is never slower than that where round trips are short.
//!
//! The time is counted only while the window is being used (RFC 9438, 5.8), so that it does not
//! grow by leaps after a pause of the user.
//!
//! Times of the curve are in milliseconds: it is that flat. All arithmetic saturates, and what it
//! is done with is bounded by [`CWND_MAX`].

use super::{Acked, Avoidance, Window, CWND_MAX};
use crate::engine::time::{Duration, Time};

/// The C of RFC 9438, 0.4, is this over `C_DENOMINATOR`; likewise beta, 0.7, what is left of cwnd
/// after a loss.
const C_NUMERATOR: u64 = 2;
const C_DENOMINATOR: u64 = 5;
const BETA_NUMERATOR: u64 = 7;
const BETA_DENOMINATOR: u64 = 10;

/// alpha, 3 (1 - beta) / (1 + beta): by so many MTUs per window grows what loses only 1 - beta and
/// is as fast as Reno.
const ALPHA_NUMERATOR: u64 = 9;
const ALPHA_DENOMINATOR: u64 = 17;

/// Fractional bits of `w_est`, which often grows by less than a byte.
const EST_SHIFT: u32 = 8;

/// Times away from the origin of the curve are cut here, in milliseconds: the window is far beyond
/// what it may be then, and the cube does not overflow.
const MAX_DISTANCE: u64 = 1 << 18;

/// A period of congestion avoidance.
#[derive(Clone, Debug)]
struct Epoch {
    /// How much of it the window was used for.
    elapsed: Duration,
    /// The last SACK in it.
    last: Time,
    /// K: when the curve reaches `w_max`, in milliseconds.
    k: u64,
    /// Bytes, with fractional bits.
    w_est: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Cubic {
    /// What cwnd was when the last loss was found; less if it had been more at the loss before
    /// (fast convergence: somebody else needs room).
    w_max: u64,
    /// What cwnd was when the last loss was found.
    cwnd_prior: u64,
    epoch: Option<Epoch>,
}

impl Avoidance for Cubic {
    /// RFC 9406, 4.2, allows so much. With less, SACKs for many packets at once, as they are when a
    /// host is busy, would slow the start down.
    const SLOW_START_LIMIT: usize = 8;

    /// Paths that reorder packets have gaps all the time.
    const GROWS_BY_GAPS: bool = true;

    fn growth(&mut self, window: &Window, acked: &Acked, is_full: bool) -> usize {
        let cwnd = window.cwnd as u64;
        let mtu = window.mtu as u64;
        let epoch = match &mut self.epoch {
            Some(epoch) => epoch,
            None => {
                self.w_max = self.w_max.max(cwnd);
                self.epoch.insert(Epoch {
                    elapsed: Duration::ZERO,
                    last: acked.now,
                    k: origin(self.w_max, cwnd, mtu),
                    w_est: cwnd << EST_SHIFT,
                })
            }
        };
        let passed = acked.now.since(epoch.last);
        epoch.last = acked.now;
        if !is_full {
            return 0;
        }
        epoch.elapsed = Duration(epoch.elapsed.0.saturating_add(passed.0));

        let bytes = acked.bytes as u64;
        epoch.w_est = grown_est(epoch.w_est, self.cwnd_prior, cwnd, mtu, bytes);
        let w_est = epoch.w_est >> EST_SHIFT;
        if w_cubic(self.w_max, epoch.k, epoch.elapsed, mtu) < w_est {
            return w_est.saturating_sub(cwnd) as usize;
        }
        // Where the curve is in one round trip, to be reached in as much.
        let ahead = Duration(epoch.elapsed.0.saturating_add(acked.srtt.0));
        let most = cwnd.saturating_add(cwnd / 2);
        let target = w_cubic(self.w_max, epoch.k, ahead, mtu).min(most);
        let missing = target.saturating_sub(cwnd);
        (missing.saturating_mul(bytes.min(cwnd)) / cwnd.max(1)) as usize
    }

    fn reduced(&mut self, window: &Window) -> usize {
        let cwnd = window.cwnd as u64;
        self.w_max = if cwnd < self.w_max {
            share(
                cwnd,
                BETA_DENOMINATOR + BETA_NUMERATOR,
                2 * BETA_DENOMINATOR,
            )
        } else {
            cwnd
        };
        self.cwnd_prior = cwnd;
        self.epoch = None;
        share(cwnd, BETA_NUMERATOR, BETA_DENOMINATOR) as usize
    }

    fn restart(&mut self, after_timeout: bool) {
        self.epoch = None;
        if after_timeout {
            // The first curve after a timeout begins where slow start ends (RFC 9438, 4.8).
            self.w_max = 0;
        }
    }
}

/// `of` times a fraction. `of` is a window, so that this does not overflow.
fn share(of: u64, numerator: u64, denominator: u64) -> u64 {
    of.saturating_mul(numerator) / denominator
}

/// K: how long the curve takes to get from `cwnd` to `w_max`, in milliseconds:
/// cbrt((w_max - cwnd) / (C MTU)) seconds.
pub(crate) fn origin(w_max: u64, cwnd: u64, mtu: u64) -> u64 {
    const CUBE_OF_SECOND: u64 = 1_000_000_000;
    let missing = w_max.saturating_sub(cwnd);
    // At most 2^30 times 2.5e9.
    let cube = missing.saturating_mul(CUBE_OF_SECOND / C_NUMERATOR * C_DENOMINATOR) / mtu.max(1);
    cube_root(cube)
}

/// W_cubic: C MTU (t - K)^3 + w_max.
pub(crate) fn w_cubic(w_max: u64, k: u64, t: Duration, mtu: u64) -> u64 {
    let t = t.0 / 1_000_000;
    let distance = t.abs_diff(k).min(MAX_DISTANCE);
    let cube = distance.saturating_mul(distance).saturating_mul(distance);
    // In millionths of an MTU: a cube of milliseconds is a billionth of one of seconds.
    let millionths = cube.saturating_mul(C_NUMERATOR) / (C_DENOMINATOR * 1000);
    let offset = millionths.saturating_mul(mtu) / 1_000_000;
    if t >= k {
        w_max.saturating_add(offset)
    } else {
        w_max.saturating_sub(offset)
    }
}

/// W_est after `bytes` more were acknowledged. Once it is where the last loss was, it grows as
/// Reno's window does.
fn grown_est(w_est: u64, cwnd_prior: u64, cwnd: u64, mtu: u64, bytes: u64) -> u64 {
    let (numerator, denominator) = if w_est >> EST_SHIFT < cwnd_prior {
        (ALPHA_NUMERATOR, ALPHA_DENOMINATOR)
    } else {
        (1, 1)
    };
    let growth = bytes.min(cwnd).saturating_mul(mtu << EST_SHIFT);
    let growth = growth.saturating_mul(numerator) / denominator.saturating_mul(cwnd.max(1));
    w_est
        .saturating_add(growth)
        .min((CWND_MAX as u64) << EST_SHIFT)
}

/// The cube root, rounded down, one bit after the other.
pub(crate) fn cube_root(x: u64) -> u64 {
    let mut root = 0_u64;
    for bit in (0..22).rev() {
        let candidate = root | (1 << bit);
        let square = candidate.saturating_mul(candidate);
        if square.checked_mul(candidate).is_some_and(|cube| cube <= x) {
            root = candidate;
        }
    }
    root
}
