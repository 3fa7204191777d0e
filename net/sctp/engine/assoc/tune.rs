// SPDX-License-Identifier: GPL-2.0

//! What a user may change and ask while the association lives (RFC 9260, 11.1.8 and 11.1.13), as
//! far as it is more than a field of the configuration.

use super::{
    paths::path_ids,
    send,
    state::{State, Timer},
    Association,
};
use crate::engine::{
    cx::{Cx, Payload},
    env::{AllocError, Flags},
    path::PathId,
    time::Duration,
    tx::schedule::Scheduler,
};

/// The least that SCTP_MAXSEG is taken for: a DATA chunk has at least one byte, and only last
/// fragments need padding.
const MIN_SEGMENT: usize = 4;

#[allow(dead_code)]
impl<B: Payload> Association<B> {
    /// Sets RTO.Initial, RTO.Min and RTO.Max. Timers that run go on as they are.
    pub(crate) fn set_rto(&mut self, initial: Duration, min: Duration, max: Duration) {
        self.config.rto_initial = initial;
        self.config.rto_min = min;
        self.config.rto_max = max;
        for path in &mut self.paths {
            path.rto.set_bounds(min, max);
        }
    }

    /// The highest RTO of all paths since the last call, and whose it was; RTO.Min if none was
    /// higher, and zero before the first one has changed.
    pub(crate) fn take_highest_rto(&mut self) -> (Duration, PathId) {
        for (id, path) in path_ids(self.paths.len()).zip(&mut self.paths) {
            let rto = path.rto.take_highest();
            if rto > self.highest_rto {
                self.highest_rto = rto;
                self.highest_rto_of = id;
            }
        }
        let highest = core::mem::replace(&mut self.highest_rto, self.config.rto_min);
        (highest, self.highest_rto_of)
    }

    /// Sets how often the MTU of a path is probed (RFC 8899, 5.1.1); never if zero.
    pub(crate) fn set_probe_interval(&mut self, cx: &Cx<'_>, id: PathId, interval: Duration) {
        if self.state == State::Closed {
            return;
        }
        if let Some(path) = self.path_mut(id) {
            path.with_pmtu(|pmtu| pmtu.set_interval(cx.now, interval));
        }
    }

    /// Sets how much of a message makes it be delivered in parts, if not 0.
    pub(crate) fn set_partial_delivery_point(&mut self, bytes: u32) {
        self.config.partial_delivery_point = bytes;
        self.rx.set_partial_delivery_point(bytes);
    }

    /// The bytes that the peer may have on their way to here.
    pub(crate) fn local_rwnd(&self) -> u32 {
        self.rx.buffer.window()
    }

    /// After how many timeouts all paths together are given up. An association that lives longer
    /// than that has no path left to live on (8.1, 8.2).
    pub(crate) fn max_retrans_of_paths(&self) -> u64 {
        let each = self.paths.iter().map(|p| p.config.path_max_retrans);
        each.fold(0, |sum, n| sum.saturating_add(u64::from(n)))
    }

    /// Chooses whose message is sent next. Without memory nothing changes.
    pub(crate) fn set_scheduler(
        &mut self,
        scheduler: Scheduler,
        gfp: Flags,
    ) -> Result<(), AllocError> {
        self.queue.set_scheduler(scheduler, gfp)?;
        self.config.scheduler = scheduler;
        Ok(())
    }

    /// What the scheduler knows a stream by, its priority or its weight; 0 if nothing.
    pub(crate) fn stream_value(&self, stream: u16) -> u16 {
        self.queue.value(stream)
    }

    /// Sets it, if it means something to the scheduler.
    pub(crate) fn set_stream_value(
        &mut self,
        stream: u16,
        value: u16,
        gfp: Flags,
    ) -> Result<(), AllocError> {
        self.queue.set_value(stream, value, gfp)
    }

    /// Starts the timer of SCTP_AUTOCLOSE (RFC 6458, 8.1.8), if the user wants it. User data does
    /// not move it: it is looked at when it has expired.
    pub(super) fn plan_autoclose(&mut self) {
        let idle = self.config.autoclose;
        if idle != Duration::ZERO {
            let at = self.last_user_data.plus(idle);
            self.timers.set(Timer::Autoclose, at);
        }
    }

    pub(super) fn on_autoclose(&mut self, cx: &mut Cx<'_>) {
        match self.state {
            State::Established if self.last_user_data.plus(self.config.autoclose) > cx.now => {
                self.plan_autoclose();
            }
            State::Established => self.shutdown(cx),
            State::CookieWait
            | State::CookieEchoed
            | State::ShutdownPending
            | State::ShutdownSent
            | State::ShutdownReceived
            | State::ShutdownAckSent
            | State::Closed => {}
        }
    }

    /// Largest payload of a DATA chunk in a packet of `mtu` bytes.
    pub(super) fn max_fragment(&self, mtu: usize) -> usize {
        let room = send::max_payload(mtu);
        match self.config.max_segment as usize {
            0 => room,
            limit => room.min((limit & !3).max(MIN_SEGMENT)),
        }
    }
}
