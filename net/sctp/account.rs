// SPDX-License-Identifier: GPL-2.0

//! The memory that an association holds of what it received: charged to its socket ahead of each
//! packet, returned as the user reads; and buffers that the user has not set, which grow.
//!
//! Invariant: under the association's lock, unless a limit was in the way, its allowance is at
//! least what the engine and the reader hold.

use crate::{
    association::{Inner, Locked},
    engine::{stats::Reason, wire::packet::Packet},
    sys::skb::SkbRange,
};

/// Memory for what is received is asked for, and given back, in such steps: the socket's account
/// is shared by its associations.
const MEMORY_STEP: usize = 8 << 10;

/// How much more than needed is kept while anything is held.
const MEMORY_SLACK: usize = 8 * MEMORY_STEP;

impl Locked<'_> {
    /// Handles a packet, which takes `memory` bytes. `None` if the association has ended.
    pub(crate) fn receive(
        &mut self,
        packet: &Packet<'_, SkbRange>,
        memory: usize,
    ) -> Option<Result<(), Reason>> {
        self.follow_rcvbuf();
        let Inner {
            engine, allowance, ..
        } = &mut *self.inner;
        let mut wanted = engine.held_memory().saturating_add(memory);
        // A small window is never filled so far that more would be asked for.
        if engine.is_short_of_memory() {
            wanted = wanted.max(allowance.bytes()).saturating_add(MEMORY_SLACK);
        }
        if wanted > allowance.bytes() {
            let rounded = wanted.checked_next_multiple_of(MEMORY_STEP);
            let raised = allowance.raise_to(rounded.unwrap_or(wanted));
            engine.grant_memory(match raised {
                Ok(()) => usize::MAX,
                // The window closes. A little is for everyone, to go on with.
                Err(_) => allowance.bytes().max(MEMORY_STEP),
            });
        }
        let was_full = !self.inner.sk.is_writeable();
        let result = self.with(|engine, cx| engine.handle_packet(cx, packet));
        self.return_memory();
        // It was the send buffer that held the user back, not the path or the peer.
        if was_full && self.inner.engine.could_send_more() {
            self.inner.sk.grow_sndbuf();
        }
        result
    }

    /// Takes over what SO_RCVBUF was set to meanwhile.
    fn follow_rcvbuf(&mut self) {
        let inner = &mut *self.inner;
        let rcvbuf = inner.sk.rcvbuf();
        if rcvbuf != inner.engine.config().rcvbuf {
            inner.engine.set_rcvbuf(rcvbuf, inner.sk.rcvbuf_max());
        }
    }

    /// Gives back memory that is not needed any more.
    fn return_memory(&mut self) {
        let Inner {
            engine, allowance, ..
        } = &mut *self.inner;
        let keep = match engine.held_memory() {
            0 => MEMORY_STEP,
            held => held.saturating_add(MEMORY_SLACK),
        };
        allowance.lower_to(keep);
    }

    /// The user has read that much.
    pub(crate) fn consumed(&mut self, bytes: usize, truesize: usize) {
        self.follow_rcvbuf();
        let _ = self.with(|engine, cx| engine.consumed(cx, bytes, truesize));
        self.return_memory();
    }
}
