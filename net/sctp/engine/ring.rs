// SPDX-License-Identifier: GPL-2.0

//! A double-ended queue whose allocations may fail and stay small.
//!
//! The engine runs under a spinlock, where memory comes in small contiguous pieces or not at all.
//! So the elements live in blocks of [`BLOCK`], and only the directory of blocks is contiguous.
//! Element `i` is found in constant time, which makes the ring usable as an array indexed by
//! "TSN minus the first TSN".
//!
//! There are several rings for each association, and most never hold more than an element or two:
//! a single block begins with [`FIRST`] slots and doubles until it has `BLOCK`, and only then there
//! is a directory. What is in a single block goes round in it.
//!
//! A ring knows no bound. Each user states one, and who enforces it.
//!
//! Invariants: the positions `head .. head + len` hold `Some`, all other slots `None`. If there is
//! no directory, `block` is empty (not there), or has a power of two of slots, at least `FIRST` and
//! at most `BLOCK`. If there is one, its length is a power of two, and each block in it, and
//! `block`, is empty or has exactly `BLOCK` slots.

use super::env::{AllocError, Flags, KVec};

/// Elements per block, if there are several.
pub(crate) const BLOCK: usize = 32;

/// Elements that a block begins with.
const FIRST: usize = 2;

type Block<T> = KVec<Option<T>>;

pub(crate) struct Ring<T> {
    /// The only block. If there is a directory, one that was emptied and is kept for the next one
    /// that is needed, so that a queue that moves along does not allocate.
    block: Block<T>,
    directory: KVec<Block<T>>,
    /// Position of the first element. Only ever taken modulo the span of the blocks.
    head: usize,
    len: usize,
}

#[allow(dead_code)]
impl<T> Ring<T> {
    pub(crate) const fn new() -> Self {
        Self {
            block: KVec::new(),
            directory: KVec::new(),
            head: 0,
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Directory index of the block of a position.
    fn block_of(&self, position: usize) -> usize {
        (position / BLOCK) & self.directory.len().wrapping_sub(1)
    }

    fn slot(&self, i: usize) -> Option<&Option<T>> {
        if i >= self.len {
            return None;
        }
        let position = self.head.wrapping_add(i);
        let block = match self.directory.get(self.block_of(position)) {
            Some(block) => block,
            None => &self.block,
        };
        block.get(slot_of(position, block))
    }

    fn slot_mut(&mut self, i: usize) -> Option<&mut Option<T>> {
        if i >= self.len {
            return None;
        }
        self.place(self.head.wrapping_add(i))
    }

    /// The slot of a position, if its block is there.
    fn place(&mut self, position: usize) -> Option<&mut Option<T>> {
        let block = self.block_of(position);
        let block = match self.directory.get_mut(block) {
            Some(block) => block,
            None => &mut self.block,
        };
        let slot = slot_of(position, block);
        block.get_mut(slot)
    }

    /// The element `i` places behind the first.
    pub(crate) fn get(&self, i: usize) -> Option<&T> {
        self.slot(i)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, i: usize) -> Option<&mut T> {
        self.slot_mut(i)?.as_mut()
    }

    pub(crate) fn front(&self) -> Option<&T> {
        self.get(0)
    }

    pub(crate) fn front_mut(&mut self) -> Option<&mut T> {
        self.get_mut(0)
    }

    pub(crate) fn back(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    /// Makes room for `additional` elements: that many `push_reserved` succeed afterwards.
    pub(crate) fn reserve(&mut self, additional: usize, gfp: Flags) -> Result<(), AllocError> {
        let total = self.len.checked_add(additional).ok_or(AllocError)?;
        if self.directory.is_empty() {
            if total <= self.block.len() {
                return Ok(());
            }
            self.grow_block(total.min(BLOCK), gfp)?;
            if total <= BLOCK {
                return Ok(());
            }
        }
        let first = self.head % BLOCK;
        let needed = first.checked_add(total).ok_or(AllocError)?.div_ceil(BLOCK);
        if needed > self.directory.len() {
            self.grow_directory(needed.next_power_of_two(), gfp)?;
        }
        // Blocks are there up to the last element, so only what follows has to be looked at.
        let present = first.wrapping_add(self.len) / BLOCK;
        for n in present..needed {
            let block = self.block_of(self.head.wrapping_add(n * BLOCK));
            let Some(entry) = self.directory.get_mut(block) else {
                return Err(AllocError);
            };
            if entry.is_empty() {
                core::mem::swap(entry, &mut self.block);
            }
            if entry.is_empty() {
                *entry = new_block(BLOCK, gfp)?;
            }
        }
        Ok(())
    }

    /// Makes the only block have so many slots at least, at most `BLOCK`, and begin with the first
    /// element.
    fn grow_block(&mut self, slots: usize, gfp: Flags) -> Result<(), AllocError> {
        if slots > self.block.len() {
            let mut new = new_block(slots.next_power_of_two().max(FIRST), gfp)?;
            for (i, to) in new.iter_mut().enumerate().take(self.len) {
                *to = self.slot_mut(i).and_then(Option::take);
            }
            self.block = new;
        } else {
            let first = slot_of(self.head, &self.block);
            if first <= self.block.len() {
                self.block.rotate_left(first);
            }
        }
        self.head = 0;
        Ok(())
    }

    fn grow_directory(&mut self, size: usize, gfp: Flags) -> Result<(), AllocError> {
        let mut new: KVec<Block<T>> = KVec::with_capacity(size, gfp)?;
        for _ in 0..size {
            new.push_within_capacity(KVec::new())
                .map_err(|_| AllocError)?;
        }
        if self.directory.is_empty() {
            // The only block begins with the first element.
            if let Some(to) = new.first_mut() {
                core::mem::swap(&mut self.block, to);
            }
        }
        let first = self.head / BLOCK;
        for n in 0..self.directory.len() {
            let number = first.wrapping_add(n);
            let old = self.block_of(number.wrapping_mul(BLOCK));
            if let (Some(from), Some(to)) = (
                self.directory.get_mut(old),
                new.get_mut(number & (size.wrapping_sub(1))),
            ) {
                core::mem::swap(from, to);
            }
        }
        self.directory = new;
        Ok(())
    }

    /// Appends to a ring in which room was reserved; gives the value back if none was.
    pub(crate) fn push_reserved(&mut self, value: T) -> Result<(), T> {
        match self.place(self.head.wrapping_add(self.len)) {
            Some(entry @ None) => {
                *entry = Some(value);
                self.len = self.len.wrapping_add(1);
                Ok(())
            }
            Some(Some(_)) | None => Err(value),
        }
    }

    /// Appends, allocating if need be; the value is dropped if that fails.
    pub(crate) fn push(&mut self, value: T, gfp: Flags) -> Result<(), AllocError> {
        self.reserve(1, gfp)?;
        self.push_reserved(value).map_err(|_| AllocError)
    }

    pub(crate) fn pop_front(&mut self) -> Option<T> {
        let value = self.slot_mut(0)?.take();
        let block = self.block_of(self.head);
        self.head = self.head.wrapping_add(1);
        self.len = self.len.wrapping_sub(1);
        if self.head % BLOCK == 0 {
            if let Some(entry) = self.directory.get_mut(block) {
                let emptied = core::mem::replace(entry, KVec::new());
                if self.block.is_empty() {
                    self.block = emptied;
                }
            }
        }
        value
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// Gives the memory back, if nothing is in it.
    pub(crate) fn shrink(&mut self) {
        if self.is_empty() {
            self.clear();
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len).filter_map(|i| self.get(i))
    }
}

/// Which slot of a block a position is in.
fn slot_of<T>(position: usize, block: &Block<T>) -> usize {
    position & block.len().wrapping_sub(1)
}

fn new_block<T>(slots: usize, gfp: Flags) -> Result<Block<T>, AllocError> {
    let mut block = KVec::with_capacity(slots, gfp)?;
    for _ in 0..slots {
        block.push_within_capacity(None).map_err(|_| AllocError)?;
    }
    Ok(block)
}

impl<T: core::fmt::Debug> core::fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
