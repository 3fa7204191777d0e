// SPDX-License-Identifier: GPL-2.0

//! Messages on their way out that have no TSN yet (RFC 9260, 6.1, 6.5, 6.9).
//!
//! A message is cut into fragments when they are sent, not when it is queued: a change of the
//! path MTU then needs no second thought for anything that waits here. Its SSN is given out with
//! its first fragment. All fragments of a message get consecutive TSNs, so one message is
//! finished before the next begins.
//!
//! Bound: none here. The memory is the user's send buffer, which the shell enforces before it
//! calls `send`.

use core::ops::Range;

use crate::engine::{
    cx::Payload,
    env::{AllocError, Flags},
    event::{Failure, SendFailed},
    ring::Ring,
    serial::Ssn,
    time::Time,
    tx::{failed::Failures, ssn_table::SsnTable, Message, Policy},
    wire::data::DataHeader,
};

/// A message that waits, or the rest of one.
pub(crate) struct Queued<B> {
    message: Message<B>,
    /// Bytes of it that were sent.
    sent: usize,
    /// Given out with the first fragment.
    ssn: Ssn,
}

impl<B: Payload> Queued<B> {
    /// What was not sent, for the user.
    pub(crate) fn into_failed(self, why: Failure) -> Option<SendFailed<B>> {
        let message = self.message;
        Some(SendFailed {
            stream: message.stream,
            ppid: message.ppid,
            unordered: message.unordered,
            context: message.context,
            begin: self.sent == 0,
            end: true,
            was_sent: false,
            why,
            payload: message.payload.slice(self.sent..message.payload.len())?,
        })
    }
}

/// What to send next, not yet taken off the queue.
#[derive(Clone, Debug)]
pub(crate) struct Fragment {
    pub(crate) stream: u16,
    pub(crate) ssn: Ssn,
    pub(crate) ppid: [u8; 4],
    pub(crate) unordered: bool,
    pub(crate) begin: bool,
    pub(crate) end: bool,
    pub(crate) immediate: bool,
    /// Bytes of the message's payload.
    pub(crate) range: Range<usize>,
}

pub(crate) struct SendQueue<B> {
    messages: Ring<Queued<B>>,
    /// Payload bytes in all messages that were not sent.
    bytes: usize,
    next_ssn: SsnTable,
}

#[allow(dead_code)]
impl<B: Payload> SendQueue<B> {
    pub(crate) const fn new() -> Self {
        Self {
            messages: Ring::new(),
            bytes: 0,
            next_ssn: SsnTable::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Number of messages of which something was not sent.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Payload bytes not sent.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that what is queued takes on the wire, if no fragment has to be made.
    pub(crate) fn wire_bytes(&self) -> usize {
        self.bytes.saturating_add(
            self.messages
                .len()
                .saturating_mul(DataHeader::LEN.saturating_add(3)),
        )
    }

    /// Whether a message was begun and not finished.
    pub(crate) fn in_message(&self) -> bool {
        self.messages.front().is_some_and(|m| m.sent > 0)
    }

    /// Queues a message, or gives it back if there is no memory.
    pub(crate) fn push(&mut self, message: Message<B>, gfp: Flags) -> Result<(), Message<B>> {
        let reserved = self
            .messages
            .reserve(1, gfp)
            .and_then(|()| self.next_ssn.reserve(message.stream, gfp));
        if reserved.is_err() {
            return Err(message);
        }
        let len = message.payload.len();
        let queued = Queued {
            message,
            sent: 0,
            ssn: Ssn(0),
        };
        match self.messages.push_reserved(queued) {
            Ok(()) => {
                self.bytes = self.bytes.saturating_add(len);
                Ok(())
            }
            Err(queued) => Err(queued.message),
        }
    }

    /// The message that is sent next, or the rest of it.
    pub(crate) fn front(&self) -> Option<&Message<B>> {
        Some(&self.messages.front()?.message)
    }

    /// Takes out what was not sent of the first message.
    pub(crate) fn drop_front(&mut self, why: Failure) -> Option<SendFailed<B>> {
        let failed = self.messages.pop_front()?.into_failed(why)?;
        self.bytes = self.bytes.saturating_sub(failed.payload.len());
        Some(failed)
    }

    /// When the first of the messages is over that are not yet. O(queue).
    pub(crate) fn next_deadline(&self, now: Time) -> Option<Time> {
        let deadlines = self.messages.iter().filter_map(|queued| {
            let policy = queued.message.policy;
            match policy {
                Policy::Timed(until) => (!policy.is_over(now)).then_some(until),
                Policy::Reliable | Policy::Retransmissions(_) | Policy::Priority(_) => None,
            }
        });
        deadlines.min()
    }

    /// Gives up messages that were not begun and whose policy is one of those meant, the first ones
    /// first, until that makes `wanted` bytes of memory, and says how many that was. `note` is told
    /// of each. Without memory nothing changes. O(queue).
    pub(crate) fn drop_unsent(
        &mut self,
        is_meant: impl Fn(Policy) -> bool,
        wanted: usize,
        gfp: Flags,
        failures: &mut Failures<B>,
        mut note: impl FnMut(&Message<B>),
    ) -> Result<usize, AllocError> {
        let is_meant = |queued: &Queued<B>| queued.sent == 0 && is_meant(queued.message.policy);
        let (mut count, mut memory) = (0_usize, 0_usize);
        for queued in self.messages.iter().filter(|queued| is_meant(queued)) {
            if memory >= wanted {
                break;
            }
            count = count.saturating_add(1);
            memory = memory.saturating_add(queued.message.payload.truesize());
        }
        if count == 0 {
            return Ok(0);
        }
        let mut kept = Ring::new();
        kept.reserve(self.messages.len().saturating_sub(count), gfp)?;
        failures.reserve(count, gfp)?;
        while let Some(queued) = self.messages.pop_front() {
            if count > 0 && is_meant(&queued) {
                count = count.saturating_sub(1);
                note(&queued.message);
                self.bytes = self.bytes.saturating_sub(queued.message.payload.len());
                if let Some(failed) = queued.into_failed(Failure::Abandoned) {
                    failures.push_reserved(failed);
                }
            } else if kept.push_reserved(queued).is_err() {
                debug_assert!(false, "kept without reserve");
            }
        }
        self.messages = kept;
        Ok(memory)
    }

    /// Bytes of the first message that were not sent.
    pub(crate) fn front_remaining(&self) -> Option<usize> {
        let front = self.messages.front()?;
        Some(front.message.payload.len().saturating_sub(front.sent))
    }

    /// What `take` would send with at most `limit` bytes.
    pub(crate) fn peek(&self, limit: usize) -> Option<Fragment> {
        let front = self.messages.front()?;
        let total = front.message.payload.len();
        let end = front.sent.saturating_add(limit).min(total);
        let ssn = if front.message.unordered {
            Ssn(0)
        } else if front.sent == 0 {
            self.next_ssn.get(front.message.stream)
        } else {
            front.ssn
        };
        Some(Fragment {
            stream: front.message.stream,
            ssn,
            ppid: front.message.ppid,
            unordered: front.message.unordered,
            begin: front.sent == 0,
            end: end == total,
            immediate: front.message.sack_immediately && end == total,
            range: front.sent..end,
        })
    }

    /// A reference to the bytes of a fragment.
    pub(crate) fn payload(&self, fragment: &Fragment) -> Option<B> {
        self.messages
            .front()?
            .message
            .payload
            .slice(fragment.range.clone())
    }

    /// Takes a fragment that was peeked off the queue: it was sent.
    pub(crate) fn take(&mut self, fragment: &Fragment) {
        let Some(front) = self.messages.front_mut() else {
            return;
        };
        if fragment.begin && !fragment.unordered {
            front.ssn = fragment.ssn;
            self.next_ssn.set(fragment.stream, fragment.ssn.next());
        }
        front.sent = fragment.range.end;
        self.bytes = self.bytes.saturating_sub(fragment.range.len());
        if fragment.end {
            let _ = self.messages.pop_front();
        }
    }

    /// Takes everything out and begins all streams anew.
    pub(crate) fn restart(&mut self) -> Ring<Queued<B>> {
        core::mem::replace(self, Self::new()).messages
    }

    /// Whether a message waits whole whose time will be over, or is.
    #[cfg(not(MODULE))]
    pub(crate) fn has_mortal(&self) -> bool {
        let mut whole = self.messages.iter().filter(|queued| queued.sent == 0);
        whole.any(|queued| matches!(queued.message.policy, Policy::Timed(_)))
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        let sum: usize = self
            .messages
            .iter()
            .map(|m| m.message.payload.len() - m.sent)
            .sum();
        assert_eq!(sum, self.bytes, "queued bytes");
        for (i, m) in self.messages.iter().enumerate() {
            assert!(m.sent < m.message.payload.len(), "a finished message waits");
            assert!(m.sent == 0 || i == 0, "two messages begun");
        }
    }
}
