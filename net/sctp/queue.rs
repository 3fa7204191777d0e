// SPDX-License-Identifier: GPL-2.0

//! What is to be read from a socket, data and notifications, in its order.

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
    fn assoc(&self) -> AssocId {
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

    /// The same, if it is data.
    fn unread_data(&self) -> usize {
        match self {
            Self::Data { .. } => self.unread(),
            Self::Notification { .. } => 0,
        }
    }

    fn is_notification(&self) -> bool {
        matches!(self, Self::Notification { .. })
    }
}

/// All that is to be read.
pub(crate) struct Queue {
    /// What a reader has put back: it comes before all else.
    put_back: Option<Item>,
    /// Bounded by the receive buffer, for each association twice: its data and its notifications.
    items: Ring<Item>,
    /// How many items associations have been promised room for.
    promised: usize,
    notifications: usize,
    /// Bytes of data.
    unread: usize,
}

impl Queue {
    pub(crate) const fn new() -> Self {
        Self {
            put_back: None,
            items: Ring::new(),
            promised: 0,
            notifications: 0,
            unread: 0,
        }
    }

    /// Makes sure that there is room for more items, until [`Self::unpromise`] is called.
    pub(crate) fn promise(&mut self, items: usize) -> Result {
        let promised = self.promised.saturating_add(items);
        self.items.reserve(promised, GFP_ATOMIC)?;
        self.promised = promised;
        Ok(())
    }

    pub(crate) fn unpromise(&mut self, items: usize) {
        self.promised = self.promised.saturating_sub(items);
    }

    /// Queues something for the reader, in room that was promised.
    pub(crate) fn push(&mut self, item: Item) {
        self.count(&item);
        // There is room: it was promised.
        let _ = self.items.push_reserved(item);
    }

    fn count(&mut self, item: &Item) {
        self.notifications = (self.notifications).saturating_add(item.is_notification().into());
        self.unread = self.unread.saturating_add(item.unread_data());
    }

    fn uncount(&mut self, item: &Item) {
        self.notifications = (self.notifications).saturating_sub(item.is_notification().into());
        self.unread = self.unread.saturating_sub(item.unread_data());
    }

    /// Takes the first thing to read.
    pub(crate) fn pop(&mut self) -> Option<Item> {
        let item = self.put_back.take().or_else(|| self.items.pop_front())?;
        self.uncount(&item);
        Some(item)
    }

    /// Puts back what was read in part only. The caller is the only reader.
    pub(crate) fn put_back(&mut self, item: Item) {
        self.count(&item);
        self.put_back = Some(item);
    }

    /// The first thing to read.
    pub(crate) fn first(&self) -> Option<&Item> {
        self.put_back.as_ref().or_else(|| self.items.front())
    }

    pub(crate) fn has_something_to_read(&self) -> bool {
        self.first().is_some()
    }

    /// Whether there may be as much to read as a reader wants to be woken for: a notification, or
    /// so many bytes.
    pub(crate) fn suffices(&self, lowat: usize) -> bool {
        self.notifications != 0 || self.unread >= lowat
    }

    /// Takes everything out.
    pub(crate) fn take_all(&mut self) -> Self {
        replace(self, Self::new())
    }

    /// Whether there is data.
    pub(crate) fn has_data(&self) -> bool {
        let is_data = |item: &Item| !item.is_notification();
        self.put_back.as_ref().is_some_and(is_data) || self.items.iter().any(is_data)
    }

    /// Takes out all that is to be read of an association, or nothing if there is no memory.
    pub(crate) fn take_of(&mut self, id: AssocId) -> Result<Self> {
        let (mut kept, mut taken) = (Ring::new(), Self::new());
        let len = self.items.len();
        kept.reserve(len.saturating_add(self.promised), GFP_ATOMIC)?;
        taken.promise(len)?;
        while let Some(item) = self.items.pop_front() {
            if item.assoc() == id {
                self.uncount(&item);
                taken.push(item);
            } else {
                // There is room for all of them.
                let _ = kept.push_reserved(item);
            }
        }
        taken.promised = 0;
        if let Some(item) = self.put_back.take_if(|item| item.assoc() == id) {
            self.uncount(&item);
            taken.put_back(item);
        }
        self.items = kept;
        Ok(taken)
    }

    /// An association has ended: what was charged for it stays so until the last of its items is
    /// read. What is returned is to be dropped without the lock.
    pub(crate) fn keep_charged(&mut self, id: AssocId, rest: Allowance) -> Option<Allowance> {
        let last = (0..self.items.len())
            .rev()
            .find(|i| self.items.get(*i).is_some_and(|item| item.assoc() == id));
        let item = match last {
            Some(i) => self.items.get_mut(i),
            None => self.put_back.as_mut(),
        };
        match item.filter(|item| item.assoc() == id) {
            Some(item) => item.charge_mut().replace(rest),
            None => Some(rest),
        }
    }
}
