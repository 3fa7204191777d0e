// SPDX-License-Identifier: GPL-2.0

//! A sorted list in blocks: what the receive side keeps fragments and waiting messages in.
//!
//! A position is found by bisection, an insertion or removal moves at most a block's elements
//! (and, rarely, directory entries). That holds wherever it happens, so that a peer that sends
//! backwards costs no more than one that sends forwards. Allocations are no larger than a block,
//! except for the directory.
//!
//! Invariants: no block is empty, none holds more than [`BLOCK`] elements.

use core::cmp::Ordering;

use crate::engine::env::{AllocError, Flags, KVec};

/// Elements per block.
const BLOCK: usize = 16;

/// Where an element is, or would have to be inserted. Good until the list changes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Position {
    block: usize,
    index: usize,
}

pub(crate) struct Sorted<T> {
    blocks: KVec<KVec<T>>,
    len: usize,
}

#[allow(dead_code)]
impl<T> Sorted<T> {
    pub(crate) const fn new() -> Self {
        Self {
            blocks: KVec::new(),
            len: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    pub(crate) fn first(&self) -> Option<&T> {
        self.blocks.first()?.first()
    }

    pub(crate) fn get(&self, at: Position) -> Option<&T> {
        self.blocks.get(at.block)?.get(at.index)
    }

    pub(crate) fn get_mut(&mut self, at: Position) -> Option<&mut T> {
        self.blocks.get_mut(at.block)?.get_mut(at.index)
    }

    /// The element before a position.
    pub(crate) fn before(&self, at: Position) -> Option<Position> {
        if let Some(index) = at.index.checked_sub(1) {
            return Some(Position {
                block: at.block,
                index,
            });
        }
        let block = at.block.checked_sub(1)?;
        let index = self.blocks.get(block)?.len().checked_sub(1)?;
        Some(Position { block, index })
    }

    /// The element at a position, or the next one if the position is behind a block's last.
    pub(crate) fn at_or_after(&self, at: Position) -> Option<Position> {
        if self.get(at).is_some() {
            return Some(at);
        }
        let next = Position {
            block: at.block.checked_add(1)?,
            index: 0,
        };
        self.get(next).map(|_| next)
    }

    /// The element after one.
    pub(crate) fn after(&self, at: Position) -> Option<Position> {
        self.at_or_after(Position {
            block: at.block,
            index: at.index.checked_add(1)?,
        })
    }

    /// Looks for the element for which `order` says `Equal`: its position, or the one where it
    /// belongs. `order` tells how an element compares to what is looked for.
    pub(crate) fn search(&self, order: impl Fn(&T) -> Ordering) -> Result<Position, Position> {
        let block = self
            .blocks
            .partition_point(|b| b.last().is_some_and(|last| order(last).is_lt()));
        let Some(elements) = self.blocks.get(block) else {
            // Behind everything: the end of the last block, so that it fills up.
            let block = block.saturating_sub(1);
            let index = self.blocks.get(block).map_or(0, |b| b.len());
            return Err(Position { block, index });
        };
        match elements.binary_search_by(order) {
            Ok(index) => Ok(Position { block, index }),
            Err(index) => Err(Position { block, index }),
        }
    }

    /// Makes room for an insertion at `at`, and says where it is to be done now.
    pub(crate) fn reserve(&mut self, at: Position, gfp: Flags) -> Result<Position, AllocError> {
        if self.blocks.is_empty() {
            let mut block = KVec::new();
            block.reserve(1, gfp)?;
            self.blocks.push(block, gfp)?;
            return Ok(Position::default());
        }
        let block = self.blocks.get_mut(at.block).ok_or(AllocError)?;
        if block.len() < BLOCK {
            block.reserve(1, gfp)?;
            return Ok(at);
        }
        self.split(at, gfp)
    }

    /// Makes two blocks of a full one. At its very end, as when everything comes in order, the
    /// old one stays full.
    fn split(&mut self, at: Position, gfp: Flags) -> Result<Position, AllocError> {
        let mut right = KVec::with_capacity(BLOCK, gfp)?;
        self.blocks.reserve(1, gfp)?;
        let after = at.block.wrapping_add(1);
        let left = self.blocks.get_mut(at.block).ok_or(AllocError)?;
        let keep = if at.index >= BLOCK { BLOCK } else { BLOCK / 2 };
        while left.len() > keep {
            let Some(moved) = left.pop() else { break };
            if right.push_within_capacity(moved).is_err() {
                break;
            }
        }
        right.reverse();
        self.blocks
            .insert_within_capacity(after, right)
            .map_err(|_| AllocError)?;
        if at.index >= keep {
            Ok(Position {
                block: after,
                index: at.index.saturating_sub(keep),
            })
        } else {
            Ok(at)
        }
    }

    /// Inserts where [`reserve`](Self::reserve) said.
    pub(crate) fn insert(&mut self, at: Position, value: T) {
        if let Some(block) = self.blocks.get_mut(at.block) {
            if block.insert_within_capacity(at.index, value).is_ok() {
                self.len = self.len.wrapping_add(1);
                return;
            }
        }
        debug_assert!(false, "insert without reserve");
    }

    pub(crate) fn remove(&mut self, at: Position) -> Option<T> {
        let block = self.blocks.get_mut(at.block)?;
        let value = block.remove(at.index).ok()?;
        self.len = self.len.saturating_sub(1);
        // The last block stays, for the next element.
        if block.is_empty() && self.blocks.len() > 1 {
            let _ = self.blocks.remove(at.block);
        }
        Some(value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flat_map(|b| b.iter())
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        let total: usize = self.blocks.iter().map(|b| b.len()).sum();
        assert_eq!(total, self.len);
        for block in &self.blocks {
            assert!(block.len() <= BLOCK);
            assert!(!block.is_empty() || self.blocks.len() == 1);
        }
    }
}
