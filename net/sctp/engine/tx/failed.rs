// SPDX-License-Identifier: GPL-2.0

//! User data that will not be sent, or not again, on its way back to the user (RFC 9260, 11.2.2;
//! RFC 6458, 6.1.4 and 6.1.11).
//!
//! None of it is lost for want of memory. Room for a message that is given up is reserved before
//! that is done. What is left when the peer restarts or the association ends stays in the rings
//! that it was in. A message, or the rest of one, that was not sent is cut up no sooner than it is
//! fetched, as it would have been sent then.
//!
//! Bound: what the send buffer held, which the shell enforces.

use super::{backlog::Backlog, outstanding::Chunk, send_queue::Queued};
use crate::engine::{
    cx::Payload,
    env::{AllocError, Flags, KBox},
    event::{Failure, SendFailed},
    ring::Ring,
};

/// What could not be sent for one reason, in the order of its TSNs and then of the queue.
struct Left<B> {
    why: Failure,
    sent: Ring<Chunk<B>>,
    unsent: Backlog<Queued<B>>,
}

impl<B: Payload> Left<B> {
    const fn none() -> Self {
        Self {
            why: Failure::Restarted,
            sent: Ring::new(),
            unsent: Backlog::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.unsent.is_empty()
    }

    fn pop(&mut self) -> Option<SendFailed<B>> {
        while let Some(chunk) = self.sent.pop_front() {
            // Of what was given up before, only its place was left.
            if let Some(failed) = chunk.into_failed(self.why) {
                return Some(failed);
            }
        }
        self.unsent.pop_front()?.into_failed(self.why)
    }
}

pub(crate) struct Failures<B> {
    given_up: Ring<SendFailed<B>>,
    /// When the peer restarted, and when the association ended.
    at_restart: Left<B>,
    at_end: Left<B>,
    /// What is to follow what was fetched last.
    rest: Option<SendFailed<B>>,
}

impl<B: Payload> Failures<B> {
    /// Apart from the association, and not inlined: that is made on the stack.
    #[inline(never)]
    pub(crate) fn new(gfp: Flags) -> Result<KBox<Self>, AllocError> {
        let this = Self {
            given_up: Ring::new(),
            at_restart: Left::none(),
            at_end: Left::none(),
            rest: None,
        };
        KBox::new(this, gfp)
    }

    /// Whether there is nothing to take.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_none()
            && self.given_up.is_empty()
            && self.at_restart.is_empty()
            && self.at_end.is_empty()
    }

    /// Makes room for so many messages or chunks that are given up.
    pub(crate) fn reserve(&mut self, additional: usize, gfp: Flags) -> Result<(), AllocError> {
        self.given_up.reserve(additional, gfp)
    }

    /// Something was given up. Room was reserved.
    pub(crate) fn push_reserved(&mut self, failed: SendFailed<B>) {
        let done = self.given_up.push_reserved(failed);
        debug_assert!(done.is_ok(), "given up without reserve");
    }

    /// Whether all that was left when the peer last restarted has been fetched: before that, it
    /// cannot restart again.
    pub(crate) fn may_restart(&self) -> bool {
        self.at_restart.is_empty()
    }

    pub(crate) fn restarted(&mut self, sent: Ring<Chunk<B>>, unsent: Backlog<Queued<B>>) {
        debug_assert!(self.may_restart());
        let why = Failure::Restarted;
        self.at_restart = Left { why, sent, unsent };
    }

    pub(crate) fn ended(&mut self, cause: u16, sent: Ring<Chunk<B>>, unsent: Backlog<Queued<B>>) {
        let why = Failure::Ended { cause };
        self.at_end = Left { why, sent, unsent };
    }

    /// Something is left of an association only if it has ended, and a rest only of what was not
    /// sent.
    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self, has_ended: bool) {
        assert!(has_ended || self.at_end.is_empty());
        assert!(self.rest.iter().all(|rest| !rest.was_sent && !rest.begin));
    }

    /// Takes the next piece, of at most `size` bytes if it was not sent, of what failed before the
    /// association ended.
    pub(crate) fn take(&mut self, size: usize) -> Option<SendFailed<B>> {
        let next = self.rest.take();
        let next = next.or_else(|| self.given_up.pop_front());
        let next = next.or_else(|| self.at_restart.pop());
        self.cut(next?, size)
    }

    /// The same of what failed because it ended.
    pub(crate) fn take_ended(&mut self, size: usize) -> Option<SendFailed<B>> {
        let next = self.rest.take().or_else(|| self.at_end.pop());
        self.cut(next?, size)
    }

    fn cut(&mut self, mut failed: SendFailed<B>, size: usize) -> Option<SendFailed<B>> {
        self.rest = failed.split_off(size);
        Some(failed)
    }
}
