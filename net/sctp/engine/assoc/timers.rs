// SPDX-License-Identifier: GPL-2.0

//! What happens when time has passed: RFC 9260, 5.1.6, 6.3.3, 9.2.

use super::{
    paths::path_ids,
    state::{State, Timer},
    Association,
};
use crate::engine::{
    cx::{Cx, Payload},
    event::Closed,
    stats::Counter,
    time::{Duration, Time},
};

impl<B: Payload> Association<B> {
    /// Does what is due at `cx.now`; nothing if nothing is.
    pub(crate) fn handle_timeout(&mut self, cx: &mut Cx<'_>) {
        self.begin_input();
        for timer in Timer::ALL {
            if self.timers.expired(timer, cx.now) {
                self.on_timer(cx, timer);
            }
        }
        for id in path_ids(self.paths.len()) {
            let is_due = |at: Time| at <= cx.now;
            let loss = self.path(id).and_then(|p| p.loss_timer);
            if let Some((_, timer)) = loss.filter(|(at, _)| is_due(*at)) {
                if let Some(path) = self.path_mut(id) {
                    path.loss_timer = None;
                }
                self.on_loss_timer(cx, id, timer);
            }
            if self.path(id).and_then(|p| p.t3_rtx).is_some_and(is_due) {
                if let Some(path) = self.path_mut(id) {
                    path.t3_rtx = None;
                }
                self.on_t3(cx, id);
            }
        }
        self.check_heartbeats(cx);
        for path in &mut self.paths {
            path.with_pmtu(|pmtu| pmtu.handle_timeout(cx.now));
        }
    }

    #[cold]
    fn on_timer(&mut self, cx: &mut Cx<'_>, timer: Timer) {
        match timer {
            Timer::T1Init => {
                cx.stats.count(Counter::T1InitExpireds);
                if self.count_attempt() {
                    self.pending.init = true;
                    self.start_t1(cx, Timer::T1Init);
                }
            }
            Timer::T1Cookie => {
                cx.stats.count(Counter::T1CookieExpireds);
                if self.count_attempt() {
                    self.pending.cookie_echo = true;
                    self.start_t1(cx, Timer::T1Cookie);
                }
            }
            Timer::T2Shutdown => {
                cx.stats.count(Counter::T2ShutdownExpireds);
                self.on_t2(cx);
            }
            Timer::T5ShutdownGuard => {
                cx.stats.count(Counter::T5ShutdownGuardExpireds);
                // The peer acknowledges but does not come to an end.
                self.give_up(cx);
            }
            Timer::Sack => {
                if self.rx.sack.expired() {
                    cx.stats.count(Counter::DelaySackExpireds);
                }
            }
            Timer::WindowProbe => self.on_window_closed(),
            Timer::Nagle => self.on_held_for_long(),
            Timer::Autoclose => {
                cx.stats.count(Counter::AutocloseExpireds);
                self.on_autoclose(cx);
            }
            Timer::ForwardTsn => self.on_forward_timer(cx),
            Timer::Lifetime => self.sweep(cx),
            // To be polled is all it takes.
            Timer::Retry => {}
        }
    }

    /// T1 expired: backs off, and says whether to go on.
    fn count_attempt(&mut self) -> bool {
        let most = self.config.max_init_retransmits;
        let is_last = self.setup.as_mut().is_some_and(|setup| {
            setup.attempts = setup.attempts.saturating_add(1);
            setup.attempts > most
        });
        if is_last {
            self.close(Closed::TimedOut { setup: true });
            return false;
        }
        let id = self.control_to;
        if let Some(path) = self.path_mut(id) {
            path.rto.back_off();
            // Of no consequence but for which one is tried next.
            path.errors = path.errors.saturating_add(1);
        }
        self.divert_control();
        true
    }

    /// Starts T1-init or T1-cookie with the RTO, or the user's limit for it if that is less.
    pub(super) fn start_t1(&mut self, cx: &Cx<'_>, timer: Timer) {
        let rto = self.control_rto();
        let limit = self.config.max_init_timeo;
        let wait = if limit == Duration::ZERO {
            rto
        } else {
            rto.min(limit)
        };
        self.timers.set(timer, cx.now.plus(wait));
    }

    /// SHUTDOWN or SHUTDOWN ACK was not answered (9.2).
    fn on_t2(&mut self, cx: &mut Cx<'_>) {
        let id = self.control_to;
        if let Some(path) = self.path_mut(id) {
            path.rto.back_off();
        }
        self.strike(cx, id);
        self.divert_control();
        match self.state {
            State::ShutdownSent => {
                self.pending.shutdown = true;
                self.start_t2(cx);
            }
            State::ShutdownAckSent => {
                self.pending.shutdown_ack = true;
                self.start_t2(cx);
            }
            State::CookieWait
            | State::CookieEchoed
            | State::Established
            | State::ShutdownPending
            | State::ShutdownReceived
            | State::Closed => {}
        }
    }
}
