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

/// Nothing at all, as long as nothing was ever sent, and once everything was acknowledged.
pub(crate) struct Failures<B>(Option<KBox<All<B>>>);

struct All<B> {
    given_up: Ring<SendFailed<B>>,
    /// When the peer restarted, which needs memory, and when the association ended.
    at_restart: Option<KBox<Left<B>>>,
    at_end: Left<B>,
    /// What is to follow what was fetched last.
    rest: Option<SendFailed<B>>,
}

impl<B: Payload> All<B> {
    fn is_empty(&self) -> bool {
        self.rest.is_none()
            && self.given_up.is_empty()
            && self.may_restart()
            && self.at_end.is_empty()
    }

    fn may_restart(&self) -> bool {
        let left = self.at_restart.as_ref();
        left.is_none_or(|left| left.is_empty())
    }

    fn cut(&mut self, mut failed: SendFailed<B>, size: usize) -> Option<SendFailed<B>> {
        self.rest = failed.split_off(size);
        Some(failed)
    }
}

impl<B: Payload> Failures<B> {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// Makes sure that what may be left will have a place: before anything is queued to be sent.
    pub(crate) fn prepare(&mut self, gfp: Flags) -> Result<(), AllocError> {
        match &self.0 {
            Some(_) => Ok(()),
            None => self.make(gfp),
        }
    }

    /// Apart from the rest, and not inlined: it is made on the stack.
    #[inline(never)]
    fn make(&mut self, gfp: Flags) -> Result<(), AllocError> {
        let all = All {
            given_up: Ring::new(),
            at_restart: None,
            at_end: Left::none(),
            rest: None,
        };
        self.0 = Some(KBox::new(all, gfp)?);
        Ok(())
    }

    /// Gives the memory back, if nothing is in it. Nothing may be queued, or outstanding.
    pub(crate) fn shrink(&mut self) {
        if self.is_empty() {
            self.0 = None;
        }
    }

    /// Whether there is nothing to take.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|all| all.is_empty())
    }

    /// Makes room for so many messages or chunks that are given up.
    pub(crate) fn reserve(&mut self, additional: usize, gfp: Flags) -> Result<(), AllocError> {
        self.prepare(gfp)?;
        match &mut self.0 {
            Some(all) => all.given_up.reserve(additional, gfp),
            None => Err(AllocError),
        }
    }

    /// Something was given up. Room was reserved.
    pub(crate) fn push_reserved(&mut self, failed: SendFailed<B>) {
        let all = self.0.as_mut();
        let done = all.is_some_and(|all| all.given_up.push_reserved(failed).is_ok());
        debug_assert!(done, "given up without reserve");
    }

    /// Whether all that was left when the peer last restarted has been fetched: before that, it
    /// cannot restart again.
    pub(crate) fn may_restart(&self) -> bool {
        let all = self.0.as_ref();
        all.is_none_or(|all| all.may_restart())
    }

    /// Makes room for what is left when the peer restarts.
    pub(crate) fn reserve_restart(&mut self, gfp: Flags) -> Result<(), AllocError> {
        if let Some(all) = &mut self.0 {
            if all.at_restart.is_none() {
                all.at_restart = Some(KBox::new(Left::none(), gfp)?);
            }
        }
        Ok(())
    }

    /// The peer has restarted. Room was reserved.
    pub(crate) fn restarted(&mut self, sent: Ring<Chunk<B>>, unsent: Backlog<Queued<B>>) {
        debug_assert!(self.may_restart());
        let why = Failure::Restarted;
        let left = Left { why, sent, unsent };
        match self.0.as_mut().and_then(|all| all.at_restart.as_mut()) {
            Some(place) => **place = left,
            None => debug_assert!(left.is_empty(), "queued without prepare"),
        }
    }

    pub(crate) fn ended(&mut self, cause: u16, sent: Ring<Chunk<B>>, unsent: Backlog<Queued<B>>) {
        let why = Failure::Ended { cause };
        let left = Left { why, sent, unsent };
        match &mut self.0 {
            Some(all) => all.at_end = left,
            None => debug_assert!(left.is_empty(), "queued without prepare"),
        }
    }

    /// Something is left of an association only if it has ended, and a rest only of what was not
    /// sent. What may be left has a place.
    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self, has_ended: bool, may_fail: bool) {
        let Some(all) = &self.0 else {
            return assert!(!may_fail, "something was sent, and cannot fail");
        };
        assert!(has_ended || all.at_end.is_empty());
        assert!(all.rest.iter().all(|rest| !rest.was_sent && !rest.begin));
    }

    /// Takes the next piece, of at most `size` bytes if it was not sent, of what failed before the
    /// association ended.
    pub(crate) fn take(&mut self, size: usize) -> Option<SendFailed<B>> {
        let all = self.0.as_mut()?;
        let next = all.rest.take();
        let next = next.or_else(|| all.given_up.pop_front());
        let next = next.or_else(|| {
            let next = all.at_restart.as_mut()?.pop();
            if next.is_none() {
                all.at_restart = None;
            }
            next
        });
        all.cut(next?, size)
    }

    /// The same of what failed because it ended.
    pub(crate) fn take_ended(&mut self, size: usize) -> Option<SendFailed<B>> {
        let all = self.0.as_mut()?;
        let next = all.rest.take().or_else(|| all.at_end.pop());
        all.cut(next?, size)
    }
}
