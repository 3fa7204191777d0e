// SPDX-License-Identifier: GPL-2.0

//! Messages on their way out that have no TSN yet (RFC 9260, 6.1, 6.5, 6.9).
//!
//! A message is cut into fragments when they are sent, not when it is queued: a change of the
//! path MTU then needs no second thought for anything that waits here. Its SSN is given out with
//! its first fragment. All fragments of a message get consecutive TSNs, so one message is
//! finished before the next begins. Which that is the [`Scheduler`] says.
//!
//! A user may hand a message in by parts (RFC 6458, 8.1.26), which are sent as they come. Nothing
//! else is taken before its last one, so that parts of a message are neighbours. No fragment has
//! bytes of two of them. If the message is given up, so is what is still to come of it.
//!
//! Bound: none here. The memory is the user's send buffer, which the shell enforces before it
//! calls `send`.
//!
//! Invariants: only the last part in the queue may be one that others are to follow, and only if
//! the user has not finished its message; of no message but the one that was begun are there
//! parts without the first one.

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

/// A message that waits, or a part of one, or the rest of that.
pub(crate) struct Queued<B> {
    message: Message<B>,
    /// Whether it is the first part of its message.
    begin: bool,
    /// Bytes of it that were sent.
    sent: usize,
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
            begin: self.begin && self.sent == 0,
            end: message.end,
            was_sent: false,
            why,
            payload: message.payload.slice(self.sent..message.payload.len())?,
        })
    }
}

/// The message that was begun and whose last fragment was not sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun {
    pub(crate) stream: u16,
    pub(crate) ssn: Ssn,
    pub(crate) ppid: [u8; 4],
    pub(crate) unordered: bool,
    /// What comes next of it. Nothing, if the user has not gone on with it.
    part: Option<Id>,
}

/// The message that the user has not finished.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unfinished {
    pub(crate) stream: u16,
    ppid: [u8; 4],
    unordered: bool,
    pub(crate) policy: Policy,
    pub(crate) fate: Fate,
}

impl Unfinished {
    /// Whether what is like that may be a part of it.
    pub(crate) fn goes_on_with(&self, stream: u16, ppid: [u8; 4], unordered: bool) -> bool {
        (self.stream, self.ppid, self.unordered) == (stream, ppid, unordered)
    }
}

/// What has become of a message that is not finished.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// Nothing of it was sent. Its first part.
    Waits(Id),
    /// It is the one that was begun.
    Begun,
    /// The user will get back what else it hands in of it.
    GivenUp(Failure),
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
    begun: Option<Begun>,
    unfinished: Option<Unfinished>,
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
            unfinished: None,
            schedule: None,
            bytes: 0,
            next_ssn: SsnTable::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Number of messages, or parts of them, of which something was not sent.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Payload bytes not sent.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// DATA chunks that it makes, if none has more than `fragment` bytes. O(queue).
    pub(crate) fn chunks(&self, fragment: usize) -> usize {
        self.messages.iter().fold(0_usize, |chunks, (_, queued)| {
            let left = queued.message.payload.len().saturating_sub(queued.sent);
            chunks.saturating_add(left.div_ceil(fragment.max(1)))
        })
    }

    /// Bytes that what is queued takes on the wire, if no fragment has to be made.
    pub(crate) fn wire_bytes(&self) -> usize {
        self.bytes.saturating_add(
            self.messages
                .len()
                .saturating_mul(DataHeader::LEN.saturating_add(3)),
        )
    }

    pub(crate) fn begun(&self) -> Option<&Begun> {
        self.begun.as_ref()
    }

    pub(crate) fn unfinished(&self) -> Option<&Unfinished> {
        self.unfinished.as_ref()
    }

    /// Whether a message was begun and all the rest of it is here: there is nothing to wait for.
    pub(crate) fn has_end_of_begun(&self) -> bool {
        let is_unfinished = |m: Unfinished| m.fate == Fate::Begun;
        self.begun.is_some() && !self.unfinished.is_some_and(is_unfinished)
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
        if let Some(begun) = &self.begun {
            schedule.reserve(begun.stream, streams, gfp)?;
            schedule.serve(begun.stream);
        }
        let mut next = self.messages.front();
        while let Some(id) = next {
            next = self.messages.behind(id);
            if let Some(queued) = self.messages.get(id) {
                let stream = queued.message.stream;
                schedule.add(&mut self.messages, stream, id);
            }
        }
        self.schedule = Some(schedule);
        Ok(())
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

    /// Queues a message, or gives it back if there is no memory. If one is not finished, it is
    /// what [goes on](Unfinished::goes_on_with) with that, which was not given up.
    pub(crate) fn push(&mut self, message: Message<B>, gfp: Flags) -> Result<(), Message<B>> {
        let (stream, len) = (message.stream, message.payload.len());
        if self.reserve(stream, gfp).is_err() {
            return Err(message);
        }
        let mut unfinished = Unfinished {
            stream,
            ppid: message.ppid,
            unordered: message.unordered,
            policy: message.policy,
            fate: Fate::Begun,
        };
        let end = message.end;
        let queued = Queued {
            message,
            begin: self.unfinished.is_none(),
            sent: 0,
        };
        let id = match self.messages.push_reserved(queued) {
            Ok(id) => id,
            Err(queued) => return Err(queued.message),
        };
        if let Some(schedule) = &mut self.schedule {
            schedule.add(&mut self.messages, stream, id);
        }
        self.bytes = self.bytes.saturating_add(len);
        unfinished.fate = self.unfinished.map_or(Fate::Waits(id), |m| m.fate);
        if let (Fate::Begun, Some(begun)) = (unfinished.fate, &mut self.begun) {
            begun.part = begun.part.or(Some(id));
        }
        self.unfinished = (!end).then_some(unfinished);
        Ok(())
    }

    /// Gives back a part of a message that was given up before.
    pub(crate) fn refuse(&mut self, message: Message<B>, why: Failure) -> Option<SendFailed<B>> {
        if message.end {
            self.unfinished = None;
        }
        let queued = Queued {
            message,
            begin: false,
            sent: 0,
        };
        queued.into_failed(why)
    }

    /// Gives memory back that is not needed now.
    pub(crate) fn shrink(&mut self) {
        self.messages.shrink();
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

    /// The message whose turn it is, or its next part.
    fn turn(&self) -> Option<Id> {
        match (&self.begun, &self.schedule) {
            (Some(begun), _) => begun.part,
            (None, Some(schedule)) => schedule.next(),
            (None, None) => self.messages.front(),
        }
    }

    fn next(&self) -> Option<&Queued<B>> {
        self.messages.get(self.turn()?)
    }

    /// Takes a part out, or the rest of it.
    fn remove(&mut self, id: Id) -> Option<Queued<B>> {
        let next = self.messages.behind(id);
        if let Some(schedule) = &mut self.schedule {
            let stream = self.messages.get(id)?.message.stream;
            schedule.remove(&mut self.messages, stream, id);
        }
        let queued = self.messages.remove(id)?;
        let rest = queued.message.payload.len().saturating_sub(queued.sent);
        self.bytes = self.bytes.saturating_sub(rest);
        if let Some(begun) = self.begun.as_mut().filter(|m| m.part == Some(id)) {
            begun.part = next;
            if queued.message.end {
                self.leave_begun();
            }
        }
        Some(queued)
    }

    /// Nothing more will be sent of the message that was begun.
    fn leave_begun(&mut self) {
        if let (Some(begun), Some(schedule)) = (self.begun.take(), &mut self.schedule) {
            schedule.leave_message(begun.stream);
        }
    }

    /// Takes out the part `first` and those that follow of its message, and tells `note` of each.
    /// Says what is behind them.
    fn drop_from(
        &mut self,
        first: Id,
        why: Failure,
        mut note: impl FnMut(Queued<B>),
    ) -> Option<Id> {
        let mut next = Some(first);
        while let Some(id) = next {
            next = self.messages.behind(id);
            let queued = self.remove(id)?;
            let end = queued.message.end;
            note(queued);
            if end {
                return next;
            }
        }
        // There was no end.
        if let Some(unfinished) = &mut self.unfinished {
            unfinished.fate = Fate::GivenUp(why);
        }
        None
    }

    /// In how many parts there is what was not sent of the message whose turn it is.
    pub(crate) fn front_parts(&self) -> usize {
        self.count_from(self.turn())
    }

    /// How many parts `first` has with those that follow of its message.
    fn count_from(&self, first: Option<Id>) -> usize {
        let (mut next, mut count) = (first, 0_usize);
        while let Some(id) = next {
            count = count.saturating_add(1);
            let is_last = self.messages.get(id).is_none_or(|part| part.message.end);
            next = self.messages.behind(id).filter(|_| !is_last);
        }
        count
    }

    /// The message that is sent next, or the rest of it.
    pub(crate) fn front(&self) -> Option<&Message<B>> {
        Some(&self.next()?.message)
    }

    /// Gives up what was not sent of the message whose turn it is, and says how many bytes of memory
    /// that was. Without memory nothing changes.
    pub(crate) fn drop_front(
        &mut self,
        why: Failure,
        gfp: Flags,
        failures: &mut Failures<B>,
    ) -> Result<usize, AllocError> {
        let first = self.turn();
        let memory = self.give_up(first, why, gfp, failures)?;
        if self.begun.is_some() {
            // The user had not gone on with it, and has now lost what it had handed in.
            self.leave_begun();
            if let Some(unfinished) = &mut self.unfinished {
                unfinished.fate = Fate::GivenUp(why);
            }
        }
        Ok(memory)
    }

    /// Gives up a message that is not finished and of which nothing was sent.
    pub(crate) fn drop_unfinished(
        &mut self,
        why: Failure,
        gfp: Flags,
        failures: &mut Failures<B>,
    ) -> Result<(), AllocError> {
        let first = self.unfinished.and_then(|m| match m.fate {
            Fate::Waits(first) => Some(first),
            Fate::Begun | Fate::GivenUp(_) => None,
        });
        self.give_up(first, why, gfp, failures).map(|_| ())
    }

    fn give_up(
        &mut self,
        first: Option<Id>,
        why: Failure,
        gfp: Flags,
        failures: &mut Failures<B>,
    ) -> Result<usize, AllocError> {
        failures.reserve(self.count_from(first), gfp)?;
        let mut memory = 0_usize;
        if let Some(first) = first {
            let _ = self.drop_from(first, why, |queued| {
                if let Some(failed) = queued.into_failed(why) {
                    memory = memory.saturating_add(failed.payload.truesize());
                    failures.push_reserved(failed);
                }
            });
        }
        Ok(memory)
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
        let is_meant = |queued: &Queued<B>| {
            queued.begin && queued.sent == 0 && is_meant(queued.message.policy)
        };
        let (mut count, mut parts, mut memory) = (0_usize, 0_usize, 0_usize);
        let mut is_counted = false;
        for (_, queued) in self.messages.iter() {
            if queued.begin {
                if memory >= wanted {
                    break;
                }
                is_counted = is_meant(queued);
                count = count.saturating_add(usize::from(is_counted));
            }
            if is_counted {
                parts = parts.saturating_add(1);
                memory = memory.saturating_add(queued.message.payload.truesize());
            }
            // What follows may be the rest of the message that was begun.
            is_counted &= !queued.message.end;
        }
        failures.reserve(parts, gfp)?;
        let mut next = self.messages.front();
        while let Some(id) = next.filter(|_| count > 0) {
            if !self.messages.get(id).is_some_and(is_meant) {
                next = self.messages.behind(id);
                continue;
            }
            count = count.saturating_sub(1);
            let why = Failure::Abandoned;
            next = self.drop_from(id, why, |queued| {
                if queued.begin {
                    note(&queued.message);
                }
                if let Some(failed) = queued.into_failed(why) {
                    failures.push_reserved(failed);
                }
            });
        }
        Ok(memory)
    }

    /// Bytes that were not sent of the message, or part, that is sent next.
    pub(crate) fn front_remaining(&self) -> Option<usize> {
        let front = self.next()?;
        Some(front.message.payload.len().saturating_sub(front.sent))
    }

    /// What `take` would send with at most `limit` bytes.
    pub(crate) fn peek(&self, limit: usize) -> Option<Fragment> {
        let front = self.next()?;
        let total = front.message.payload.len();
        let end = front.sent.saturating_add(limit).min(total);
        let ssn = match &self.begun {
            Some(begun) => begun.ssn,
            None if front.message.unordered => Ssn(0),
            None => self.next_ssn.get(front.message.stream),
        };
        Some(Fragment {
            stream: front.message.stream,
            ssn,
            ppid: front.message.ppid,
            unordered: front.message.unordered,
            begin: self.begun.is_none(),
            end: front.message.end && end == total,
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
        if fragment.begin {
            self.begin(id, fragment);
        }
        if let Some(schedule) = &mut self.schedule {
            schedule.spend(fragment.stream, fragment.range.len());
        }
        self.bytes = self.bytes.saturating_sub(fragment.range.len());
        if let Some(queued) = self.messages.get_mut(id) {
            queued.sent = fragment.range.end;
            if queued.sent >= queued.message.payload.len() {
                let _ = self.remove(id);
            }
        }
    }

    /// A message is sent whose first part is `id`.
    fn begin(&mut self, id: Id, fragment: &Fragment) {
        if let Some(schedule) = &mut self.schedule {
            schedule.begin();
        }
        if !fragment.unordered {
            self.next_ssn.set(fragment.stream, fragment.ssn.next());
        }
        self.begun = Some(Begun {
            stream: fragment.stream,
            ssn: fragment.ssn,
            ppid: fragment.ppid,
            unordered: fragment.unordered,
            part: Some(id),
        });
        if let Some(unfinished) = &mut self.unfinished {
            if unfinished.fate == Fate::Waits(id) {
                unfinished.fate = Fate::Begun;
            }
        }
    }

    /// Takes everything out and begins all streams anew.
    pub(crate) fn restart(&mut self) -> Backlog<Queued<B>> {
        self.begun = None;
        if let Some(unfinished) = &mut self.unfinished {
            unfinished.fate = Fate::GivenUp(Failure::Restarted);
        }
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
        let is_whole = |queued: &Queued<B>| queued.begin && queued.sent == 0;
        let mut whole = self.messages.iter().filter(|(_, queued)| is_whole(queued));
        whole.any(|(_, queued)| matches!(queued.message.policy, Policy::Timed(_)))
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        self.messages.check_invariants();
        let (mut sum, mut before) = (0, None);
        let next = self.begun.as_ref().and_then(|begun| begun.part);
        for (id, queued) in self.messages.iter() {
            let (message, len) = (&queued.message, queued.message.payload.len());
            assert!(queued.sent < len, "a finished message waits");
            assert!(queued.sent == 0 || next == Some(id), "who is begun");
            match before {
                Some(stream) => assert_eq!((queued.begin, message.stream), (false, stream)),
                None => assert!(queued.begin || next == Some(id), "what begins"),
            }
            before = (!message.end).then_some(message.stream);
            sum += len - queued.sent;
        }
        let fate = self.unfinished.as_ref().map(|unfinished| unfinished.fate);
        match fate {
            None | Some(Fate::GivenUp(_)) => assert_eq!(before, None, "all are finished"),
            Some(Fate::Begun) => {
                assert!(self.begun.is_some() && before.is_some() == next.is_some())
            }
            Some(Fate::Waits(first)) => assert!(self.messages.get(first).is_some_and(|m| m.begin)),
        }
        assert!(self.begun.is_none() || next.is_some() || fate == Some(Fate::Begun));
        assert_eq!(sum, self.bytes, "queued bytes");
        if let Some(schedule) = &self.schedule {
            let begun = self.begun.as_ref().map(|begun| begun.stream);
            schedule.check_invariants(&self.messages, begun);
        }
    }
}
