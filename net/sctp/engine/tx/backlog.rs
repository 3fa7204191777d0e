// SPDX-License-Identifier: GPL-2.0

//! A queue whose elements can leave from anywhere and be in a second list each, in constant time.
//!
//! Links are numbers of places, not references, so that lists need no `unsafe`. Places are made in
//! blocks, since the engine runs under a spinlock, where memory comes in small pieces. Mostly a few
//! places will do, so the first block has [`FIRST`] of them to begin with and doubles until it has
//! as many as the others.
//!
//! Bound: none here, as for [`Ring`](crate::engine::ring::Ring).
//!
//! Invariants: a place is either taken or in the list of free ones, `vacant` of them; each element
//! is in the list of all and at most in one [`List`]; the links of neighbours name each other.

use core::num::NonZeroU32;

use crate::engine::env::{AllocError, Flags, KVec};

/// Elements per block.
const BLOCK: usize = 32;

/// Elements that the first block begins with.
const FIRST: usize = 2;

/// A place in a backlog.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Id(NonZeroU32);

impl Id {
    fn new(index: usize) -> Option<Self> {
        let number = u32::try_from(index.checked_add(1)?).ok()?;
        NonZeroU32::new(number).map(Self)
    }

    fn index(self) -> usize {
        (self.0.get() as usize).saturating_sub(1)
    }
}

/// Which list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    /// The one of all elements, as they came.
    Arrival,
    /// Another [`List`].
    Lane,
}

#[derive(Clone, Copy, Default)]
struct Links {
    previous: Option<Id>,
    next: Option<Id>,
}

struct Node<T> {
    value: T,
    arrival: Links,
    lane: Links,
}

enum Slot<T> {
    Taken(Node<T>),
    /// And the next free one.
    Free(Option<Id>),
}

pub(crate) struct Backlog<T> {
    blocks: KVec<KVec<Slot<T>>>,
    all: List,
    free: Option<Id>,
    vacant: u32,
    len: u32,
}

impl<T> Backlog<T> {
    pub(crate) const fn new() -> Self {
        Self {
            blocks: KVec::new(),
            all: List::new(),
            free: None,
            vacant: 0,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The element that has been here for the longest time.
    pub(crate) fn front(&self) -> Option<Id> {
        self.all.first
    }

    /// The element that came after that one.
    pub(crate) fn behind(&self, id: Id) -> Option<Id> {
        self.links(id, By::Arrival)?.next
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        self.remove(self.all.first?)
    }

    fn slot_mut(&mut self, id: Id) -> Option<&mut Slot<T>> {
        let block = self.blocks.get_mut(id.index() / BLOCK)?;
        block.get_mut(id.index() % BLOCK)
    }

    fn node(&self, id: Id) -> Option<&Node<T>> {
        let block = self.blocks.get(id.index() / BLOCK)?;
        match block.get(id.index() % BLOCK)? {
            Slot::Taken(node) => Some(node),
            Slot::Free(_) => None,
        }
    }

    fn node_mut(&mut self, id: Id) -> Option<&mut Node<T>> {
        match self.slot_mut(id)? {
            Slot::Taken(node) => Some(node),
            Slot::Free(_) => None,
        }
    }

    fn links(&self, id: Id, by: By) -> Option<Links> {
        let node = self.node(id)?;
        Some(match by {
            By::Arrival => node.arrival,
            By::Lane => node.lane,
        })
    }

    fn links_mut(&mut self, id: Id, by: By) -> Option<&mut Links> {
        let node = self.node_mut(id)?;
        Some(match by {
            By::Arrival => &mut node.arrival,
            By::Lane => &mut node.lane,
        })
    }

    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        Some(&self.node(id)?.value)
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        Some(&mut self.node_mut(id)?.value)
    }

    /// Makes sure that one [`push_reserved`](Self::push_reserved) more succeeds.
    pub(crate) fn reserve(&mut self, gfp: Flags) -> Result<(), AllocError> {
        if self.vacant > 0 {
            return Ok(());
        }
        if self.blocks.last().is_none_or(|block| block.len() >= BLOCK) {
            self.blocks.push(KVec::new(), gfp)?;
        }
        let is_first = self.blocks.len() == 1;
        let before = self.blocks.len().saturating_sub(1).saturating_mul(BLOCK);
        let block = self.blocks.last_mut().ok_or(AllocError)?;
        let old = block.len();
        let new = match is_first {
            true => old.saturating_mul(2).clamp(FIRST, BLOCK),
            false => BLOCK,
        };
        let added = new.saturating_sub(old);
        let free = Id::new(before.saturating_add(old)).ok_or(AllocError)?;
        block.reserve(added, gfp)?;
        for i in old.saturating_add(1)..=new {
            let next = Id::new(before.saturating_add(i)).filter(|_| i < new);
            block
                .push_within_capacity(Slot::Free(next))
                .map_err(|_| AllocError)?;
        }
        self.free = Some(free);
        self.vacant = added as u32;
        Ok(())
    }

    /// Puts an element behind all others, or gives it back if there is no room.
    pub(crate) fn push_reserved(&mut self, value: T) -> Result<Id, T> {
        let Some(id) = self.free else {
            return Err(value);
        };
        let Some(slot) = self.slot_mut(id) else {
            return Err(value);
        };
        let Slot::Free(next) = *slot else {
            return Err(value);
        };
        *slot = Slot::Taken(Node {
            value,
            arrival: Links::default(),
            lane: Links::default(),
        });
        self.free = next;
        self.vacant = self.vacant.saturating_sub(1);
        self.len = self.len.saturating_add(1);
        let mut all = self.all;
        all.link(self, By::Arrival, id);
        self.all = all;
        Ok(id)
    }

    /// Takes an element out that is in no [`List`] any more, or whose list is not needed any more.
    pub(crate) fn remove(&mut self, id: Id) -> Option<T> {
        let mut all = self.all;
        all.unlink_by(self, By::Arrival, id)?;
        self.all = all;
        let free = self.free;
        let slot = self.slot_mut(id)?;
        let Slot::Taken(node) = core::mem::replace(slot, Slot::Free(free)) else {
            return None;
        };
        self.free = Some(id);
        self.vacant = self.vacant.saturating_add(1);
        self.len = self.len.saturating_sub(1);
        if self.blocks.len() > 1 {
            self.shrink();
        }
        Some(node.value)
    }

    /// Gives the memory back, if nothing is in it.
    pub(crate) fn shrink(&mut self) {
        if self.is_empty() {
            // Nothing is linked.
            *self = Self::new();
        }
    }

    fn follow(&self, from: Option<Id>, by: By) -> impl Iterator<Item = (Id, &T)> {
        let mut at = from;
        core::iter::from_fn(move || {
            let id = at?;
            at = self.links(id, by)?.next;
            Some((id, self.get(id)?))
        })
    }

    /// All elements in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.follow(self.all.first, By::Arrival)
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        assert_eq!(
            self.iter().count(),
            self.len(),
            "elements in the list of all"
        );
        let (mut free, mut at) = (0, self.free);
        while let Some(id) = at {
            let slot = &self.blocks[id.index() / BLOCK][id.index() % BLOCK];
            assert!(
                matches!(slot, Slot::Free(_)),
                "a place that is taken is free"
            );
            free += 1;
            at = match slot {
                Slot::Free(next) => *next,
                Slot::Taken(_) => None,
            };
        }
        assert_eq!(free, self.vacant as usize, "free places");
        let places: usize = self.blocks.iter().map(|block| block.len()).sum();
        assert_eq!(self.len() + free, places, "places");
    }
}

/// Some of the elements of a backlog, in another order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List {
    first: Option<Id>,
    last: Option<Id>,
}

impl List {
    pub(crate) const fn new() -> Self {
        Self {
            first: None,
            last: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn front(&self) -> Option<Id> {
        self.first
    }

    /// Makes an element that is in no list the last one of this.
    pub(crate) fn push_back<T>(&mut self, backlog: &mut Backlog<T>, id: Id) {
        self.link(backlog, By::Lane, id);
    }

    /// Takes an element off this list.
    pub(crate) fn unlink<T>(&mut self, backlog: &mut Backlog<T>, id: Id) {
        let _ = self.unlink_by(backlog, By::Lane, id);
    }

    fn link<T>(&mut self, backlog: &mut Backlog<T>, by: By, id: Id) {
        let previous = self.last;
        if let Some(links) = backlog.links_mut(id, by) {
            let next = None;
            *links = Links { previous, next };
        }
        match previous.and_then(|previous| backlog.links_mut(previous, by)) {
            Some(links) => links.next = Some(id),
            None => self.first = Some(id),
        }
        self.last = Some(id);
    }

    fn unlink_by<T>(&mut self, backlog: &mut Backlog<T>, by: By, id: Id) -> Option<()> {
        let Links { previous, next } = core::mem::take(backlog.links_mut(id, by)?);
        match previous.and_then(|previous| backlog.links_mut(previous, by)) {
            Some(links) => links.next = next,
            None => self.first = next,
        }
        match next.and_then(|next| backlog.links_mut(next, by)) {
            Some(links) => links.previous = previous,
            None => self.last = previous,
        }
        Some(())
    }

    #[cfg(not(MODULE))]
    pub(crate) fn count<T>(&self, backlog: &Backlog<T>) -> usize {
        backlog.follow(self.first, By::Lane).count()
    }
}
