// SPDX-License-Identifier: GPL-2.0

//! The invariants of an association, for the tests: not built into the module.

use super::{
    state::{State, Timer},
    Association,
};
use crate::engine::{
    cx::Payload,
    path::{Path, MAX_PATHS},
    serial::Tsn,
    time::Time,
};

impl<B: Payload> Association<B> {
    /// The highest TSN that was given out: to DATA, or to the end of a message that was given up
    /// when some of it had been sent.
    pub(crate) fn last_tsn(&self) -> Tsn {
        self.outstanding.next_tsn().minus(1)
    }

    /// Panics if something does not hold. Costs a walk over all that is outstanding or held.
    pub(crate) fn check_invariants(&self) {
        let mut flight = [0; MAX_PATHS];
        self.outstanding.check_invariants(&mut flight);
        self.queue.check_invariants();
        self.rx.check_invariants();
        let has_ended = self.state == State::Closed;
        (self.failures).check_invariants(has_ended, !self.has_sent_all());
        for id in [self.primary, self.data_to, self.control_to, self.data_from] {
            assert!(self.path(id).is_some());
        }
        self.notices.paths.check_invariants();
        let mut locals = self.paths.iter().filter_map(|path| path.local);
        assert!(locals.all(|local| self.locals.contains(&local)));
        for (path, flight) in self.paths.iter().zip(flight) {
            assert_eq!(path.flight, flight, "flight of {:?}", path.addr);
            assert!(path.is_confirmed() || path.flight == 0, "5.4");
            assert!(
                path.t3_rtx.is_some() == (path.flight > 0) || path.tail_probe.is_some(),
                "T3-rtx runs while and only while DATA is in flight or just about to be"
            );
            assert!(
                path.flight > 0 || path.loss_timer.is_none(),
                "nothing to lose"
            );
            path.pmtu.check_invariants();
        }
        if !self.state.has_heartbeats() {
            let is_quiet = |p: &Path| p.heartbeat.is_none() && !p.heartbeat_due;
            assert!(self.paths.iter().all(is_quiet), "a HEARTBEAT out of time");
        }
        let runs = |timer| self.timers.get(timer).is_some();
        assert!(
            !self.outstanding.is_forward_due() || self.forward.due || runs(Timer::ForwardTsn),
            "a FORWARD TSN is forgotten"
        );
        assert!(
            !self.queue.has_mortal() || runs(Timer::Lifetime),
            "a lifetime is forgotten"
        );
        match self.state {
            State::CookieWait => assert!(runs(Timer::T1Init)),
            State::CookieEchoed => assert!(runs(Timer::T1Cookie)),
            State::Established => {
                for path in &self.paths {
                    let is_watched = path.config.heartbeats || path.probe.is_some();
                    assert!(path.heartbeat.is_some() || !is_watched, "heartbeats go on");
                }
            }
            State::ShutdownPending | State::ShutdownReceived => {
                assert!(!self.has_sent_all(), "nothing to wait for");
            }
            State::ShutdownSent => {
                assert!(runs(Timer::T2Shutdown) && runs(Timer::T5ShutdownGuard));
                assert!(self.has_sent_all());
            }
            State::ShutdownAckSent => {
                assert!(runs(Timer::T2Shutdown));
                assert!(self.has_sent_all());
            }
            State::Closed => {
                assert!(Timer::ALL.iter().all(|&t| t == Timer::Retry || !runs(t)));
                assert!(self.has_sent_all());
                assert!(self.paths.iter().all(|p| p.pmtu.timer().is_none()));
            }
        }
    }

    /// Memory that the payload held for the user takes, and the most that it ever may take: a
    /// chunk beyond one limit or the other of [`Receiver`](crate::engine::rx::Receiver).
    pub(crate) fn held(&self) -> (usize, usize) {
        self.rx.held()
    }

    /// Payload in flight, in bytes and in chunks.
    pub(crate) fn in_flight(&self) -> (usize, usize) {
        let outstanding = &self.outstanding;
        (outstanding.flight_payload(), outstanding.flight_count())
    }

    /// When the peer's closed window is tried again.
    pub(crate) fn window_probe_at(&self) -> Option<Time> {
        self.timers.get(Timer::WindowProbe)
    }

    /// When a FORWARD TSN is repeated.
    pub(crate) fn forward_tsn_at(&self) -> Option<Time> {
        self.timers.get(Timer::ForwardTsn)
    }

    pub(crate) fn peer_a_rwnd(&self) -> usize {
        self.peer_a_rwnd as usize
    }
}
