// SPDX-License-Identifier: GPL-2.0

//! The retransmission timeout of a path (RFC 9260, 6.3).
//!
//! Karn's rule, that only what was sent once is measured, is kept by the callers: they do not
//! measure a TSN that was retransmitted.

use super::{config::Config, time::Duration};

/// Clock granularity, "G" of RFC 9260, 6.3.1: what a variance of zero is taken for.
const GRANULARITY: Duration = Duration::from_millis(1);

/// Estimator of one path's round-trip time, and the timeout that follows from it.
#[derive(Clone, Debug)]
pub(crate) struct Rto {
    /// Smoothed round-trip time and its variation, once there was a measurement.
    estimate: Option<Estimate>,
    initial: Duration,
    /// The timeout now, backed off if need be.
    rto: Duration,
    min: Duration,
    max: Duration,
    /// The highest that a measurement or an expiry has made it since this was last asked for.
    highest: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Estimate {
    srtt: Duration,
    rttvar: Duration,
}

#[allow(dead_code)]
impl Rto {
    pub(crate) fn new(config: &Config) -> Self {
        let mut rto = Self {
            estimate: None,
            initial: config.rto_initial,
            rto: config.rto_initial,
            min: config.rto_min,
            max: config.rto_max,
            highest: Duration::ZERO,
        };
        rto.rto = rto.clamp(config.rto_initial);
        rto
    }

    /// The timeout to arm a timer with now.
    pub(crate) fn get(&self) -> Duration {
        self.rto
    }

    /// The smoothed round-trip time; zero before the first measurement.
    pub(crate) fn srtt(&self) -> Duration {
        self.estimate.map_or(Duration::ZERO, |e| e.srtt)
    }

    pub(crate) fn rttvar(&self) -> Duration {
        self.estimate.map_or(Duration::ZERO, |e| e.rttvar)
    }

    /// Takes in a measured round-trip time (6.3.1, C2 and C3). This also ends a back-off.
    pub(crate) fn measured(&mut self, rtt: Duration) {
        let next = match self.estimate {
            None => Estimate {
                srtt: rtt,
                rttvar: Duration(rtt.0 / 2),
            },
            Some(old) => {
                let error = old.srtt.0.abs_diff(rtt.0);
                // RTO.Beta is 1/4 and RTO.Alpha 1/8. The old value less its share, plus the share
                // of the new one, cannot overflow while both fit.
                let rttvar = (old.rttvar.0 - old.rttvar.0 / 4).saturating_add(error / 4);
                let srtt = (old.srtt.0 - old.srtt.0 / 8).saturating_add(rtt.0 / 8);
                Estimate {
                    srtt: Duration(srtt),
                    rttvar: Duration(rttvar),
                }
            }
        };
        self.estimate = Some(next);
        self.set(self.bounded(&next));
    }

    fn bounded(&self, estimate: &Estimate) -> Duration {
        let variance = estimate.rttvar.0.max(GRANULARITY.0 / 4);
        let rto = estimate.srtt.0.saturating_add(variance.saturating_mul(4));
        self.clamp(Duration(rto))
    }

    /// Doubles the timeout after an expiry (6.3.3, E2).
    pub(crate) fn back_off(&mut self) {
        self.set(self.clamp(self.rto.doubled()));
    }

    fn set(&mut self, rto: Duration) {
        self.rto = rto;
        self.highest = self.highest.max(rto);
    }

    /// The highest that it has become since the last call; zero if it has not changed.
    pub(crate) fn take_highest(&mut self) -> Duration {
        core::mem::take(&mut self.highest)
    }

    /// Takes the back-off back: what looked like losses was none, or is over.
    pub(crate) fn end_back_off(&mut self) {
        self.rto = match &self.estimate {
            Some(estimate) => self.bounded(estimate),
            None => self.clamp(self.initial),
        };
    }

    /// Sets the bounds, which the user may change while the association lives.
    pub(crate) fn set_bounds(&mut self, min: Duration, max: Duration) {
        self.min = min;
        self.max = max;
        self.rto = self.clamp(self.rto);
    }

    /// The upper bound wins if someone set them crossed.
    fn clamp(&self, rto: Duration) -> Duration {
        rto.max(self.min).min(self.max)
    }
}
