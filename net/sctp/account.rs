// SPDX-License-Identifier: GPL-2.0

//! The memory that an association holds for its user: what it received, charged to its socket ahead
//! of each packet, and notifications; returned as the user reads. And buffers that the user has not
//! set, which grow.
//!
//! Invariant: under the association's lock, unless a limit was in the way, its allowance is at
//! least what the engine and the reader hold, notifications included.

use crate::{
    association::{Inner, Locked},
    engine::{stats::Reason, wire::packet::Packet},
    sys::skb::SkbRange,
};
use kernel::{prelude::*, sync::atomic::Relaxed};

/// Memory for what is received is asked for, and given back, in such steps: the socket's account
/// is shared by its associations.
const MEMORY_STEP: usize = 8 << 10;

/// How much more than needed is kept while anything is held.
const MEMORY_SLACK: usize = 8 * MEMORY_STEP;

/// How much memory the unread notifications of an association may take, with a receive buffer of
/// some size. They do not make the window smaller.
pub(crate) fn notification_limit(rcvbuf: u32) -> usize {
    (rcvbuf as usize).max(MEMORY_STEP)
}

impl Locked<'_> {
    /// Handles a packet, which takes `memory` bytes. `None` if the association has ended. Unless
    /// `drain`, the caller will drain it soon.
    pub(crate) fn receive(
        &mut self,
        packet: &Packet<'_, SkbRange>,
        memory: usize,
        drain: bool,
    ) -> Option<Result<(), Reason>> {
        if self.is_gone() {
            return None;
        }
        self.follow_rcvbuf();
        let notified = self.this.notified.load(Relaxed);
        let mut wanted = self.held().saturating_add(memory);
        let Inner {
            engine,
            allowance,
            sk,
            ..
        } = &mut *self.inner;
        // A small window is never filled so far that more would be asked for.
        if engine.is_short_of_memory() {
            wanted = wanted.max(allowance.bytes()).saturating_add(MEMORY_SLACK);
        }
        if wanted > allowance.bytes() {
            let rounded = wanted.checked_next_multiple_of(MEMORY_STEP);
            let raised = if sk.is_over_limit() {
                Err(ENOBUFS)
            } else {
                allowance.raise_to(rounded.unwrap_or(wanted))
            };
            engine.grant_memory(match raised {
                Ok(()) => usize::MAX,
                // The window closes. A little is for everyone, to go on with.
                Err(_) => allowance.bytes().saturating_sub(notified).max(MEMORY_STEP),
            });
        }
        let was_full = !self.inner.sk.is_writeable();
        let result = self.call(|engine, cx| (engine.handle_packet(cx, packet), drain));
        // It was the send buffer that held the user back, not the path or the peer.
        if was_full && self.inner.engine.has_little_to_send() {
            self.inner.sk.grow_sndbuf();
        }
        result
    }

    /// Takes over what SO_RCVBUF was set to meanwhile.
    fn follow_rcvbuf(&mut self) {
        let inner = &mut *self.inner;
        let rcvbuf = inner.sk.rcvbuf();
        if rcvbuf != inner.engine.config().rcvbuf {
            inner.engine.set_rcvbuf(rcvbuf, inner.sk.rcvbuf_max());
        }
    }

    /// Memory that is held for the user.
    pub(crate) fn held(&self) -> usize {
        let notified = self.this.notified.load(Relaxed);
        self.inner.engine.held_memory().saturating_add(notified)
    }

    /// Charges what is held beyond what was asked for ahead, and gives back what is not needed any
    /// more.
    pub(crate) fn settle_memory(&mut self) {
        let held = self.held();
        let allowance = &mut self.inner.allowance;
        // A limit does not undo what is there: data was asked for, notifications have a bound.
        let _ = allowance.raise_to(held);
        allowance.lower_to(match held {
            0 => MEMORY_STEP,
            held => held.saturating_add(MEMORY_SLACK),
        });
    }

    /// The user has read that much.
    pub(crate) fn consumed(&mut self, bytes: usize, truesize: usize) {
        self.follow_rcvbuf();
        let polled = self.call(|engine, cx| {
            let polls = engine.consumed(cx, bytes, truesize);
            (polls, polls)
        });
        if polled == Some(false) {
            self.settle_memory();
        }
    }

    /// The user has read a notification, which took so much.
    pub(crate) fn notification_read(&mut self, truesize: usize) {
        let notified = self.this.notified.load(Relaxed);
        let left = notified.saturating_sub(truesize);
        self.this.notified.store(left, Relaxed);
        if !self.is_gone() {
            self.settle_memory();
        }
    }
}
