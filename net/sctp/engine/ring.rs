// SPDX-License-Identifier: GPL-2.0

//! A double-ended queue whose allocations may fail and stay small.
//!
//! The engine runs under a spinlock, where memory comes in small contiguous pieces or not at all.
//! So the elements live in blocks of [`BLOCK`], and only the directory of blocks is contiguous.
//! Element `i` is found in constant time, which makes the ring usable as an array indexed by
//! "TSN minus the first TSN".
//!
//! A ring knows no bound. Each user states one, and who enforces it.
//!
//! Invariants: the positions `head .. head + len` hold `Some`, all other slots `None`; the
//! directory's length is zero or a power of two, and each block in it is either empty (not there)
//! or has exactly `BLOCK` slots.

use super::env::{AllocError, Flags, KVec};

/// Elements per block.
pub(crate) const BLOCK: usize = 32;

type Block<T> = KVec<Option<T>>;

pub(crate) struct Ring<T> {
    directory: KVec<Block<T>>,
    /// A block that was emptied and is kept for the next one that is needed, so that a queue that
    /// moves along does not allocate.
    spare: Option<Block<T>>,
    /// Position of the first element. Only ever taken modulo the directory's span.
    head: usize,
    len: usize,
}

#[allow(dead_code)]
impl<T> Ring<T> {
    pub(crate) const fn new() -> Self {
        Self {
            directory: KVec::new(),
            spare: None,
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

    /// Directory index and slot of a position.
    fn locate(&self, position: usize) -> (usize, usize) {
        let mask = self.directory.len().wrapping_sub(1);
        ((position / BLOCK) & mask, position % BLOCK)
    }

    fn slot(&self, i: usize) -> Option<&Option<T>> {
        if i >= self.len {
            return None;
        }
        let (block, slot) = self.locate(self.head.wrapping_add(i));
        self.directory.get(block)?.get(slot)
    }

    fn slot_mut(&mut self, i: usize) -> Option<&mut Option<T>> {
        if i >= self.len {
            return None;
        }
        let (block, slot) = self.locate(self.head.wrapping_add(i));
        self.directory.get_mut(block)?.get_mut(slot)
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
        let first = self.head % BLOCK;
        let needed = first.checked_add(total).ok_or(AllocError)?.div_ceil(BLOCK);
        if needed > self.directory.len() {
            self.grow_directory(needed.next_power_of_two(), gfp)?;
        }
        // Blocks are there up to the last element, so only what follows has to be looked at.
        let present = first.wrapping_add(self.len) / BLOCK;
        for n in present..needed {
            let (block, _) = self.locate(self.head.wrapping_add(n * BLOCK));
            let Some(entry) = self.directory.get_mut(block) else {
                return Err(AllocError);
            };
            if entry.is_empty() {
                *entry = match self.spare.take() {
                    Some(spare) => spare,
                    None => new_block(gfp)?,
                };
            }
        }
        Ok(())
    }

    fn grow_directory(&mut self, size: usize, gfp: Flags) -> Result<(), AllocError> {
        let mut new: KVec<Block<T>> = KVec::with_capacity(size, gfp)?;
        for _ in 0..size {
            new.push_within_capacity(KVec::new())
                .map_err(|_| AllocError)?;
        }
        let first = self.head / BLOCK;
        for n in 0..self.directory.len() {
            let number = first.wrapping_add(n);
            let (old, _) = self.locate(number.wrapping_mul(BLOCK));
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
        let (block, slot) = self.locate(self.head.wrapping_add(self.len));
        match self.directory.get_mut(block).and_then(|b| b.get_mut(slot)) {
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
        let (block, slot) = self.locate(self.head);
        self.head = self.head.wrapping_add(1);
        self.len = self.len.wrapping_sub(1);
        if slot == BLOCK - 1 {
            if let Some(entry) = self.directory.get_mut(block) {
                let emptied = core::mem::replace(entry, KVec::new());
                self.spare.get_or_insert(emptied);
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

fn new_block<T>(gfp: Flags) -> Result<Block<T>, AllocError> {
    let mut block = KVec::with_capacity(BLOCK, gfp)?;
    for _ in 0..BLOCK {
        block.push_within_capacity(None).map_err(|_| AllocError)?;
    }
    Ok(block)
}

impl<T: core::fmt::Debug> core::fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
