// SPDX-License-Identifier: GPL-2.0

//! Messages on their way out that have no TSN yet (RFC 9260, 6.1, 6.5, 6.9).
//!
//! A message is cut into fragments when they are sent, not when it is queued: a change of the
//! path MTU then needs no second thought for anything that waits here. Its SSN is given out with
//! its first fragment. All fragments of a message get consecutive TSNs, so one message is
//! finished before the next begins. Which that is the [`Scheduler`] says.
//!
//! Bound: none here. The memory is the user's send buffer, which the shell enforces before it
//! calls `send`.

use core::ops::Range;

use crate::engine::{
    cx::Payload,
    env::{AllocError, Flags, KBox},
    event::{Failure, SendFailed},
    serial::Ssn,
    time::Time,
    tx::{
        backlog::{Backlog, Id},
        failed::Failures,
        schedule::{Schedule, Scheduler},
        ssn_table::SsnTable,
        Message, Policy,
    },
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
    messages: Backlog<Queued<B>>,
    /// The message that was begun and is not finished.
    begun: Option<Id>,
    /// Which stream is next, if that is not who came first.
    schedule: Option<KBox<Schedule>>,
    /// Payload bytes in all messages that were not sent.
    bytes: usize,
    next_ssn: SsnTable,
}

#[allow(dead_code)]
impl<B: Payload> SendQueue<B> {
    pub(crate) const fn new() -> Self {
        Self {
            messages: Backlog::new(),
            begun: None,
            schedule: None,
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
        self.begun.is_some()
    }

    pub(crate) fn scheduler(&self) -> Scheduler {
        let schedule = self.schedule.as_ref();
        schedule.map_or(Scheduler::FirstCome, |schedule| schedule.scheduler())
    }

    /// Chooses another scheduler, for which no stream has a value yet. A message that was begun is
    /// finished before. Without memory nothing changes. O(queue).
    pub(crate) fn set_scheduler(
        &mut self,
        scheduler: Scheduler,
        gfp: Flags,
    ) -> Result<(), AllocError> {
        if scheduler == self.scheduler() {
            return Ok(());
        }
        if scheduler == Scheduler::FirstCome {
            self.schedule = None;
            return Ok(());
        }
        let mut schedule = KBox::new(Schedule::new(scheduler), gfp)?;
        let streams = self.messages.len().min(1 << 16);
        for (_, queued) in self.messages.iter() {
            schedule.reserve(queued.message.stream, streams, gfp)?;
        }
        if let Some(begun) = self.begun {
            self.schedule_one(&mut schedule, begun);
            schedule.begin();
        }
        let mut next = self.messages.front();
        while let Some(id) = next {
            next = self.messages.behind(id);
            if self.begun != Some(id) {
                self.schedule_one(&mut schedule, id);
            }
        }
        self.schedule = Some(schedule);
        Ok(())
    }

    fn schedule_one(&mut self, schedule: &mut Schedule, id: Id) {
        if let Some(queued) = self.messages.get(id) {
            let stream = queued.message.stream;
            schedule.add(&mut self.messages, stream, id);
        }
    }

    /// The number that the scheduler has for a stream; 0 if it has none.
    pub(crate) fn value(&self, stream: u16) -> u16 {
        let schedule = self.schedule.as_ref();
        schedule.map_or(0, |schedule| schedule.value(stream))
    }

    /// Sets it.
    pub(crate) fn set_value(
        &mut self,
        stream: u16,
        value: u16,
        gfp: Flags,
    ) -> Result<(), AllocError> {
        if let Some(schedule) = &mut self.schedule {
            schedule.reserve(stream, 0, gfp)?;
            schedule.set_value(stream, value);
        }
        Ok(())
    }

    /// Queues a message, or gives it back if there is no memory.
    pub(crate) fn push(&mut self, message: Message<B>, gfp: Flags) -> Result<(), Message<B>> {
        let (stream, len) = (message.stream, message.payload.len());
        if self.reserve(stream, gfp).is_err() {
            return Err(message);
        }
        let queued = Queued {
            message,
            sent: 0,
            ssn: Ssn(0),
        };
        let id = match self.messages.push_reserved(queued) {
            Ok(id) => id,
            Err(queued) => return Err(queued.message),
        };
        if let Some(schedule) = &mut self.schedule {
            schedule.add(&mut self.messages, stream, id);
        }
        self.bytes = self.bytes.saturating_add(len);
        Ok(())
    }

    /// Makes room for a message of that stream.
    fn reserve(&mut self, stream: u16, gfp: Flags) -> Result<(), AllocError> {
        self.messages.reserve(gfp)?;
        self.next_ssn.reserve(stream, gfp)?;
        match &mut self.schedule {
            Some(schedule) => schedule.reserve(stream, 1, gfp),
            None => Ok(()),
        }
    }

    /// The message whose turn it is.
    fn turn(&self) -> Option<Id> {
        self.begun.or_else(|| match &self.schedule {
            Some(schedule) => schedule.next(),
            None => self.messages.front(),
        })
    }

    fn next(&self) -> Option<&Queued<B>> {
        self.messages.get(self.turn()?)
    }

    /// Takes a message out, or the rest of it.
    fn remove(&mut self, id: Id) -> Option<Queued<B>> {
        let was_begun = self.begun == Some(id);
        if let Some(schedule) = &mut self.schedule {
            let stream = self.messages.get(id)?.message.stream;
            schedule.remove(&mut self.messages, stream, id, was_begun);
        }
        let queued = self.messages.remove(id)?;
        if was_begun {
            self.begun = None;
        }
        let rest = queued.message.payload.len().saturating_sub(queued.sent);
        self.bytes = self.bytes.saturating_sub(rest);
        Some(queued)
    }

    /// The message that is sent next, or the rest of it.
    pub(crate) fn front(&self) -> Option<&Message<B>> {
        Some(&self.next()?.message)
    }

    /// Takes out what was not sent of the message that would be sent next.
    pub(crate) fn drop_front(&mut self, why: Failure) -> Option<SendFailed<B>> {
        self.remove(self.turn()?)?.into_failed(why)
    }

    /// When the first of the messages is over that are not yet. O(queue).
    pub(crate) fn next_deadline(&self, now: Time) -> Option<Time> {
        let deadlines = self.messages.iter().filter_map(|(_, queued)| {
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
        for (_, queued) in self.messages.iter().filter(|(_, queued)| is_meant(queued)) {
            if memory >= wanted {
                break;
            }
            count = count.saturating_add(1);
            memory = memory.saturating_add(queued.message.payload.truesize());
        }
        failures.reserve(count, gfp)?;
        let mut next = self.messages.front();
        while let Some(id) = next.filter(|_| count > 0) {
            next = self.messages.behind(id);
            if !self.messages.get(id).is_some_and(is_meant) {
                continue;
            }
            count = count.saturating_sub(1);
            if let Some(queued) = self.remove(id) {
                note(&queued.message);
                if let Some(failed) = queued.into_failed(Failure::Abandoned) {
                    failures.push_reserved(failed);
                }
            }
        }
        Ok(memory)
    }

    /// Bytes of the first message that were not sent.
    pub(crate) fn front_remaining(&self) -> Option<usize> {
        let front = self.next()?;
        Some(front.message.payload.len().saturating_sub(front.sent))
    }

    /// What `take` would send with at most `limit` bytes.
    pub(crate) fn peek(&self, limit: usize) -> Option<Fragment> {
        let front = self.next()?;
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
        let payload = &self.next()?.message.payload;
        payload.slice(fragment.range.clone())
    }

    /// Takes a fragment that was peeked off the queue: it was sent.
    pub(crate) fn take(&mut self, fragment: &Fragment) {
        let Some(id) = self.turn() else {
            return;
        };
        if let Some(schedule) = &mut self.schedule {
            if fragment.begin {
                schedule.begin();
            }
            schedule.spend(fragment.stream, fragment.range.len());
        }
        if let Some(queued) = self.messages.get_mut(id) {
            if fragment.begin && !fragment.unordered {
                queued.ssn = fragment.ssn;
                self.next_ssn.set(fragment.stream, fragment.ssn.next());
            }
            queued.sent = fragment.range.end;
        }
        self.bytes = self.bytes.saturating_sub(fragment.range.len());
        self.begun = Some(id);
        if fragment.end {
            let _ = self.remove(id);
        }
    }

    /// Takes everything out and begins all streams anew.
    pub(crate) fn restart(&mut self) -> Backlog<Queued<B>> {
        self.begun = None;
        self.bytes = 0;
        self.next_ssn.clear();
        if let Some(schedule) = &mut self.schedule {
            schedule.clear();
        }
        core::mem::replace(&mut self.messages, Backlog::new())
    }

    /// Whether a message waits whole whose time will be over, or is.
    #[cfg(not(MODULE))]
    pub(crate) fn has_mortal(&self) -> bool {
        let mut whole = self.messages.iter().filter(|(_, queued)| queued.sent == 0);
        whole.any(|(_, queued)| matches!(queued.message.policy, Policy::Timed(_)))
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        self.messages.check_invariants();
        let mut sum = 0;
        for (id, queued) in self.messages.iter() {
            let len = queued.message.payload.len();
            assert!(queued.sent < len, "a finished message waits");
            assert_eq!(queued.sent > 0, self.begun == Some(id), "who is begun");
            sum += len - queued.sent;
        }
        assert_eq!(sum, self.bytes, "queued bytes");
        if let Some(schedule) = &self.schedule {
            let begun = self.begun.and_then(|id| self.messages.get(id));
            schedule.check_invariants(&self.messages, begun.map(|queued| queued.message.stream));
        }
    }
}
