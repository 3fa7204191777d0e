// SPDX-License-Identifier: GPL-2.0

//! The receive buffer: what of it is held, the window that is left (RFC 9260, 6.2), and how it
//! grows while the user reads as fast as the peer may send.
//!
//! Half of the memory is for payload, the rest for what payload takes besides its bytes. There are
//! two limits to the memory: the size that the user or tuning has set, and what the surroundings
//! grant, which may be less when memory is short.

use crate::engine::{
    time::{Duration, Time},
    wire::init::MIN_A_RWND, //
};

/// Round-trip times are taken for at least so much: shorter ones vary by more than they tell.
const MIN_ROUND: Duration = Duration::from_millis(10);

pub(crate) struct Buffer {
    size: u32,
    /// What tuning may make of `size`.
    max: u32,
    granted: usize,
    /// Payload accepted and not consumed, in bytes and as memory.
    pub(super) held: usize,
    pub(super) held_truesize: usize,
    /// What the user has read since `round_began`.
    read: usize,
    round_began: Time,
}

#[allow(dead_code)]
impl Buffer {
    /// A buffer of `size` bytes of memory, which does not grow.
    pub(crate) const fn new(size: u32) -> Self {
        Self {
            size,
            max: 0,
            granted: usize::MAX,
            held: 0,
            held_truesize: 0,
            read: 0,
            round_began: Time::START,
        }
    }

    /// The user has set the size; `max` is how far it may grow by itself.
    pub(crate) fn resize(&mut self, size: u32, max: u32) {
        self.size = size;
        self.max = max;
    }

    /// How much memory there is for what is held, whatever the size.
    pub(crate) fn grant(&mut self, bytes: usize) {
        self.granted = bytes;
    }

    /// Whether [`Self::grant`] has set a limit below the size.
    pub(crate) fn is_short(&self) -> bool {
        self.granted < self.size as usize
    }

    /// Payload bytes that may be held.
    pub(crate) fn limit(&self) -> usize {
        (self.size / 2).max(MIN_A_RWND) as usize
    }

    /// Memory that may be held.
    fn memory(&self) -> usize {
        (self.size.max(2 * MIN_A_RWND) as usize).min(self.granted)
    }

    /// Memory that is held.
    pub(crate) fn held_truesize(&self) -> usize {
        self.held_truesize
    }

    /// The window as it is now: what fits by payload, and what fits by memory if more of the same
    /// comes as is held already. Small chunks take several times their length in memory, and a
    /// window that is taken back while data is on its way makes that data be lost.
    ///
    /// A few chunks do not tell what will come: the estimate begins with some payload that takes
    /// twice its length, so that one short message does not close the window.
    pub(crate) fn window(&self) -> u32 {
        let bytes = self.limit().saturating_sub(self.held);
        let assumed = self.limit() / 16;
        let payload = self.held.saturating_add(assumed);
        let cost = self.held_truesize.saturating_add(assumed.saturating_mul(2));
        let memory = self
            .memory()
            .saturating_sub(self.held_truesize)
            .saturating_mul(payload)
            .checked_div(cost)
            .unwrap_or(0);
        u32::try_from(bytes.min(memory)).unwrap_or(u32::MAX)
    }

    /// Whether hardly anything more can be held. Nothing is refused for lack of room before.
    pub(super) fn is_full(&self) -> bool {
        let bytes = self.limit().saturating_sub(self.held);
        let memory = self.memory().saturating_sub(self.held_truesize);
        bytes < self.limit() / 8 || memory < self.memory() / 8
    }

    /// Whether there is room for a chunk.
    ///
    /// What the peer was told it may send is taken as long as the memory lasts. A chunk that
    /// belongs into a gap is let in beyond that, up to as much again, because nothing behind it
    /// could be delivered otherwise; and an empty buffer takes anything, or a chunk larger than
    /// the buffer could never be received.
    pub(crate) fn has_room(&self, truesize: usize, fills_gap: bool) -> bool {
        if self.held == 0 {
            return true;
        }
        let total = self.held_truesize.saturating_add(truesize);
        if fills_gap {
            return total <= (self.size as usize).saturating_mul(2);
        }
        // Somewhat more than the window promises, since that was told before what is on its way
        // now was known to be small. A probe of a closed window (6.1, A) may find room, too.
        let promised = self.memory().saturating_mul(3) / 2;
        self.held < self.limit() && self.held_truesize < promised && total <= self.granted
    }

    pub(crate) fn add(&mut self, bytes: usize, truesize: usize) {
        self.held = self.held.saturating_add(bytes);
        self.held_truesize = self.held_truesize.saturating_add(truesize);
    }

    pub(crate) fn remove(&mut self, bytes: usize, truesize: usize) {
        self.held = self.held.saturating_sub(bytes);
        self.held_truesize = self.held_truesize.saturating_sub(truesize);
    }

    /// The user has read that much: doubles the size if it was half a window within a round trip.
    /// Then it is the window, not the path or the peer, that may hold the transfer back, in the
    /// next round trip if the peer is in slow start.
    pub(crate) fn tune(&mut self, now: Time, bytes: usize, rtt: Duration) {
        if self.size >= self.max {
            return;
        }
        let round = rtt.max(MIN_ROUND);
        if now.since(self.round_began) >= round {
            self.round_began = now;
            self.read = 0;
        }
        self.read = self.read.saturating_add(bytes);
        if self.read >= self.limit() / 2 {
            self.size = self.size.saturating_mul(2).min(self.max);
            self.round_began = now;
            self.read = 0;
        }
    }

    /// The most memory that is ever held, but for one chunk.
    pub(super) fn bound(&self) -> usize {
        (self.size as usize * 2).max(self.memory() * 3 / 2)
    }
}
