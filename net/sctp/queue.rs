// SPDX-License-Identifier: GPL-2.0

//! What is to be read from a socket, data and notifications, in its order (RFC 6458, 8.1.20).
//!
//! As long as a message is read in parts, what other associations of a one-to-many socket have is
//! passed over: who reads takes what comes for parts of that message until it has seen its end.
//! The message's own association may still have its notifications read in between.
//!
//! What is taken out of the middle leaves a hole. Holes are closed when there are more of them than
//! items, and the place to look at next is remembered: of a message each item is passed over once,
//! however many parts there are.
//!
//! Invariant: the first slot is no hole.

use crate::{
    association::AssocId,
    endpoint::TransportAddr,
    engine::{event::Received, ring::Ring},
    sys::{memory::Allowance, skb::SkbRange},
};
use core::mem::{replace, size_of};
use kernel::prelude::*;

/// Something to be read from a socket.
pub(crate) enum Item {
    Data {
        assoc: AssocId,
        /// SCTP_CONTEXT when it came.
        context: u32,
        peer_port: u16,
        received: Received<SkbRange>,
        /// How many bytes of it the user has read.
        read: usize,
        /// What the socket is charged with for the items of an association that has ended; at the
        /// last one.
        charge: Option<Allowance>,
    },
    Notification {
        assoc: AssocId,
        bytes: KVec<u8>,
        read: usize,
        /// The peer's primary address.
        about: TransportAddr,
        /// As above.
        charge: Option<Allowance>,
    },
}

impl Item {
    /// Whose it is.
    pub(crate) fn assoc(&self) -> AssocId {
        match self {
            Self::Data { assoc, .. } | Self::Notification { assoc, .. } => *assoc,
        }
    }

    /// What a notification takes of the receive buffer, whatever of it was read.
    pub(crate) fn notification_truesize(bytes: &[u8]) -> usize {
        size_of::<Self>().saturating_add(bytes.len())
    }

    /// Where to note what an association that has ended leaves charged.
    fn charge_mut(&mut self) -> &mut Option<Allowance> {
        match self {
            Self::Data { charge, .. } | Self::Notification { charge, .. } => charge,
        }
    }

    /// How many bytes the user has not read.
    pub(crate) fn unread(&self) -> usize {
        match self {
            Self::Data { received, read, .. } => received.len().saturating_sub(*read),
            Self::Notification { bytes, read, .. } => bytes.len().saturating_sub(*read),
        }
    }

    /// The user has read so many bytes more. Gives whether that was the rest.
    pub(crate) fn advance(&mut self, bytes: usize) -> bool {
        match self {
            Self::Data { read, .. } | Self::Notification { read, .. } => {
                *read = read.saturating_add(bytes);
            }
        }
        self.unread() == 0
    }

    /// What it takes of the receive buffer, whatever of it was read.
    pub(crate) fn truesize(&self) -> usize {
        match self {
            Self::Data { received, .. } => received.truesize(),
            Self::Notification { bytes, .. } => Self::notification_truesize(bytes),
        }
    }

    /// How many bytes of data the user has not read.
    fn unread_data(&self) -> usize {
        match self {
            Self::Data { .. } => self.unread(),
            Self::Notification { .. } => 0,
        }
    }

    /// Whether more of its message is to come.
    fn has_more(&self) -> bool {
        match self {
            Self::Data { received, .. } => !received.end,
            Self::Notification { .. } => false,
        }
    }

    pub(crate) fn is_notification(&self) -> bool {
        matches!(self, Self::Notification { .. })
    }
}

/// A place in the queue.
enum Slot {
    Full(Item),
    /// The message that an association has begun in parts goes on no more.
    BrokenOff(AssocId),
    Hole,
}

impl Slot {
    fn assoc(&self) -> Option<AssocId> {
        match self {
            Self::Full(item) => Some(item.assoc()),
            Self::BrokenOff(assoc) => Some(*assoc),
            Self::Hole => None,
        }
    }
}

/// How many holes are let be.
const FEW: usize = 32;

/// All that is to be read.
pub(crate) struct Queue {
    /// What a reader has put back: it comes before all else.
    put_back: Option<Item>,
    /// Bounded by the receive buffer, for each association twice: its data and its notifications.
    slots: Ring<Slot>,
    /// How many items associations have been promised room for.
    promised: usize,
    notifications: usize,
    /// Bytes of data.
    unread: usize,
    /// Whose message is being read in parts.
    reading: Option<AssocId>,
    /// There is nothing of `reading` before this.
    cursor: usize,
    holes: usize,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            put_back: None,
            slots: Ring::new(),
            promised: 0,
            notifications: 0,
            unread: 0,
            reading: None,
            cursor: 0,
            holes: 0,
        }
    }

    /// Makes sure that there is room for more items, as long as the lock is held.
    pub(crate) fn reserve(&mut self, items: usize) -> Result {
        let promised = self.promised.saturating_add(items);
        Ok(self.slots.reserve(promised, GFP_ATOMIC)?)
    }

    /// The same, until [`Self::unpromise`] is called.
    pub(crate) fn promise(&mut self, items: usize) -> Result {
        self.reserve(items)?;
        self.promised = self.promised.saturating_add(items);
        Ok(())
    }

    pub(crate) fn unpromise(&mut self, items: usize) {
        self.promised = self.promised.saturating_sub(items);
    }

    /// Gives memory back that is not needed now.
    pub(crate) fn shrink(&mut self) {
        if self.promised == 0 {
            self.slots.shrink();
        }
    }

    /// Queues something for the reader, in room that was promised.
    pub(crate) fn push(&mut self, item: Item) {
        self.count(&item);
        self.push_slot(Slot::Full(item));
    }

    /// The message that an association has begun in parts goes on no more. Needs room for an item.
    pub(crate) fn break_off(&mut self, assoc: AssocId) {
        self.push_slot(Slot::BrokenOff(assoc));
    }

    fn push_slot(&mut self, slot: Slot) {
        // There is room: it was promised.
        let _ = self.slots.push_reserved(slot);
    }

    fn count(&mut self, item: &Item) {
        self.notifications = (self.notifications).saturating_add(item.is_notification().into());
        self.unread = self.unread.saturating_add(item.unread_data());
    }

    fn uncount(&mut self, item: &Item) {
        self.notifications = (self.notifications).saturating_sub(item.is_notification().into());
        self.unread = self.unread.saturating_sub(item.unread_data());
    }

    /// Takes the first thing to read. If it is a part of a message, what others have is passed over
    /// from now on until its end, unless parts of messages may be `interleaved`.
    pub(crate) fn pop(&mut self, interleaved: bool) -> Option<Item> {
        if let Some(item) = self.put_back.take() {
            // It was taken before. What follows it may be known to be broken off since.
            self.uncount(&item);
            return Some(item);
        }
        let at = self.next()?;
        let Slot::Full(item) = self.remove(at) else {
            return None;
        };
        self.uncount(&item);
        if item.has_more() && !interleaved {
            self.read_on(item.assoc());
        } else if !item.is_notification() && self.reading == Some(item.assoc()) {
            self.reading = None;
        }
        Some(item)
    }

    /// Puts back what was read in part only. The caller is the only reader.
    pub(crate) fn put_back(&mut self, item: Item) {
        self.count(&item);
        self.put_back = Some(item);
    }

    /// The first thing to read.
    pub(crate) fn first(&mut self) -> Option<&Item> {
        if self.put_back.is_some() {
            return self.put_back.as_ref();
        }
        let at = self.next()?;
        match self.slots.get(at)? {
            Slot::Full(item) => Some(item),
            Slot::BrokenOff(_) | Slot::Hole => None,
        }
    }

    pub(crate) fn has_something_to_read(&mut self) -> bool {
        self.first().is_some()
    }

    /// Whether there may be as much to read as a reader wants to be woken for: a notification, or
    /// so many bytes.
    pub(crate) fn suffices(&self, lowat: usize) -> bool {
        self.notifications != 0 || self.unread >= lowat
    }

    /// Nothing is passed over from now on.
    pub(crate) fn interleave(&mut self) {
        self.reading = None;
    }

    fn read_on(&mut self, assoc: AssocId) {
        if self.reading.replace(assoc) != Some(assoc) {
            self.cursor = 0;
        }
    }

    /// Where the next thing to read is.
    fn next(&mut self) -> Option<usize> {
        loop {
            let at = match self.reading {
                Some(assoc) => self.find(assoc)?,
                None => 0,
            };
            match self.slots.get(at)? {
                Slot::Full(_) => return Some(at),
                Slot::BrokenOff(_) => {
                    self.reading = None;
                    self.remove(at);
                }
                Slot::Hole => return None,
            }
        }
    }

    /// Where the next thing of an association is that is being read.
    fn find(&mut self, assoc: AssocId) -> Option<usize> {
        while self.slots.get(self.cursor)?.assoc() != Some(assoc) {
            self.cursor = self.cursor.saturating_add(1);
        }
        Some(self.cursor)
    }

    /// Takes out what is somewhere.
    fn remove(&mut self, at: usize) -> Slot {
        if at != 0 {
            let Some(slot) = self.slots.get_mut(at) else {
                return Slot::Hole;
            };
            let slot = replace(slot, Slot::Hole);
            self.cursor = at.saturating_add(1);
            self.holes = self.holes.saturating_add(1);
            if self.holes > FEW.max(self.slots.len() / 2) {
                self.close_holes();
            }
            return slot;
        }
        let slot = self.slots.pop_front().unwrap_or(Slot::Hole);
        self.cursor = self.cursor.saturating_sub(1);
        while let Some(Slot::Hole) = self.slots.front() {
            self.slots.pop_front();
            self.cursor = self.cursor.saturating_sub(1);
            self.holes = self.holes.saturating_sub(1);
        }
        slot
    }

    /// Moves everything to the back, and takes off the front what is left there.
    fn close_holes(&mut self) {
        let mut to = self.slots.len();
        let mut before_cursor = 0_usize;
        for from in (0..self.slots.len()).rev() {
            let slot = self.slots.get_mut(from);
            let slot = slot.map_or(Slot::Hole, |slot| replace(slot, Slot::Hole));
            if matches!(slot, Slot::Hole) {
                continue;
            }
            before_cursor = before_cursor.saturating_add((from < self.cursor).into());
            to = to.saturating_sub(1);
            if let Some(free) = self.slots.get_mut(to) {
                *free = slot;
            }
        }
        while let Some(Slot::Hole) = self.slots.front() {
            self.slots.pop_front();
        }
        self.cursor = before_cursor;
        self.holes = 0;
    }

    /// Takes everything out.
    pub(crate) fn take_all(&mut self) -> Self {
        replace(self, Self::new())
    }

    /// Whether there is data.
    pub(crate) fn has_data(&self) -> bool {
        let is_data = |item: &Item| !item.is_notification();
        let in_slot = |slot: &Slot| matches!(slot, Slot::Full(item) if is_data(item));
        self.put_back.as_ref().is_some_and(is_data) || self.slots.iter().any(in_slot)
    }

    /// Takes out all that is to be read of an association, or nothing if there is no memory.
    pub(crate) fn take_of(&mut self, id: AssocId) -> Result<Self> {
        let (mut kept, mut taken) = (Ring::new(), Self::new());
        let len = self.slots.len();
        kept.reserve(len.saturating_add(self.promised), GFP_ATOMIC)?;
        taken.promise(len)?;
        while let Some(slot) = self.slots.pop_front() {
            if slot.assoc() == Some(id) {
                if let Slot::Full(item) = &slot {
                    self.uncount(item);
                    taken.count(item);
                }
                taken.push_slot(slot);
            } else if slot.assoc().is_some() {
                // There is room for all of them.
                let _ = kept.push_reserved(slot);
            }
        }
        taken.promised = 0;
        if let Some(item) = self.put_back.take_if(|item| item.assoc() == id) {
            self.uncount(&item);
            taken.put_back(item);
        }
        taken.reading = self.reading.take_if(|reading| *reading == id);
        self.slots = kept;
        self.cursor = 0;
        self.holes = 0;
        Ok(taken)
    }

    /// An association has ended: what was charged for it stays so until the last of its items is
    /// read. What is returned is to be dropped without the lock.
    pub(crate) fn keep_charged(&mut self, id: AssocId, rest: Allowance) -> Option<Allowance> {
        let is_last = |slot: &Slot| matches!(slot, Slot::Full(item) if item.assoc() == id);
        let last = (0..self.slots.len())
            .rev()
            .find(|i| self.slots.get(*i).is_some_and(is_last));
        let item = match last.and_then(|i| self.slots.get_mut(i)) {
            Some(Slot::Full(item)) => Some(item),
            Some(Slot::BrokenOff(_) | Slot::Hole) | None => self.put_back.as_mut(),
        };
        match item.filter(|item| item.assoc() == id) {
            Some(item) => item.charge_mut().replace(rest),
            None => Some(rest),
        }
    }
}
