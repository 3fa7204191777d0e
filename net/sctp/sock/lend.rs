// SPDX-License-Identifier: GPL-2.0

//! The user's data on their way into a call of `sendmsg()`: copied, referred to, or lent
//! (MSG_ZEROCOPY), where the user is told when they are its own again.

use crate::{
    endpoint::Endpoint,
    sys::{
        bindings,
        msg::Message,
        skb::SkbRange,
        sock::Sk,
        tx_user::Room,
        zerocopy::Lent, //
    },
};
use kernel::prelude::*;

/// What a call takes from its user, in all its parts.
pub(super) struct Data<'a> {
    sk: &'a Sk,
    endpoint: &'a Endpoint,
    nonblock: bool,
    /// How many bytes the user would lend.
    offered: Option<usize>,
    /// Whether it is copied nevertheless.
    copies: bool,
    lent: Option<Lent<'a>>,
}

impl<'a> Data<'a> {
    /// A call with `len` bytes.
    pub(super) fn new(
        sk: &'a Sk,
        endpoint: &'a Endpoint,
        msg: &Message<'_>,
        len: usize,
        nonblock: bool,
    ) -> Self {
        let lends = msg.flags() & bindings::MSG_ZEROCOPY != 0 && sk.may_lend();
        Self {
            sk,
            endpoint,
            nonblock,
            offered: lends.then_some(len),
            copies: false,
            lent: None,
        }
    }

    /// The same for several associations, some of which may get it although the call then fails:
    /// it is copied.
    pub(super) fn for_all(self) -> Self {
        Self {
            copies: true,
            ..self
        }
    }

    /// Takes the next `len` bytes, a message or a part of one. No lock is held while
    /// waiting for room in the send buffer.
    pub(super) fn take(&mut self, msg: &mut Message<'_>, len: usize) -> Result<SkbRange> {
        let lends = self.offered.is_some() && !self.copies;
        let room = Room::wait(self.sk, msg, len, self.nonblock, lends)?;
        if let (Some(all), None) = (self.offered, &self.lent) {
            let turn = self.endpoint.lender.lock();
            self.lent = Some(Lent::new(self.sk, all, turn)?);
        }
        room.take(msg, self.lent.as_ref())
    }

    /// Something of it was sent: the call will not fail any more.
    pub(super) fn sent(&mut self) {
        if let Some(lent) = &mut self.lent {
            lent.keep();
        }
    }
}
