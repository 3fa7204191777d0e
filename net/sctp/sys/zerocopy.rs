// SPDX-License-Identifier: GPL-2.0

//! Memory that a user lends for a message (MSG_ZEROCOPY), and the notification that it is the user's
//! alone again, on the error queue (Documentation/networking/msg_zerocopy.rst).
//!
//! Invariant: every skb that has a page which was lent, of the message or a packet that refers to
//! one, also has a reference to the `ubuf_info` of the call. The last one that goes completes it,
//! so that nothing reads the memory after the notification. Where a packet comes to a socket of
//! this host, the stack copies what was lent, and lets go of it.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)

use super::{bindings, sock::Sk};
use core::ptr::NonNull;
use kernel::{prelude::*, sync::MutexGuard};

/// What a call lends.
///
/// # Invariants
///
/// `uarg` is valid, and one of its references is `self`'s. Without `turn` it is certain that the
/// call takes something; with it, no other call of the socket has got a number since.
pub(crate) struct Lent<'a> {
    uarg: NonNull<bindings::ubuf_info>,
    turn: Option<MutexGuard<'a, ()>>,
}

impl<'a> Lent<'a> {
    /// Gives a call, which will take `len` bytes, its number. `turn` is the socket's, which all
    /// such calls take.
    pub(crate) fn new(sk: &Sk, len: usize, turn: MutexGuard<'a, ()>) -> Result<Self> {
        // SAFETY: The socket is valid, this is process context, and it is a call of its own.
        let uarg = unsafe {
            bindings::msg_zerocopy_realloc(sk.as_ptr(), len, core::ptr::null_mut(), false)
        };
        // INVARIANT: It has one reference, which is ours, and this is our turn.
        Ok(Self {
            uarg: NonNull::new(uarg).ok_or(ENOBUFS)?,
            turn: Some(turn),
        })
    }

    pub(super) fn as_ptr(&self) -> *mut bindings::ubuf_info {
        self.uarg.as_ptr()
    }

    /// The call has taken something: it counts, and there will be a notification.
    pub(crate) fn keep(&mut self) {
        // INVARIANT: As said.
        self.turn = None;
    }

    /// Some of it was copied after all.
    pub(super) fn set_copied(&self) {
        // SAFETY: By the type invariant; `msg_zerocopy_realloc()` has made it.
        unsafe { bindings::sctp_helper_ubuf_set_copied(self.as_ptr()) };
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        if self.turn.is_none() {
            // SAFETY: By the type invariant this reference is ours to drop.
            unsafe { bindings::sctp_helper_net_zcopy_put(self.as_ptr()) };
        } else {
            // SAFETY: As above, and its number is the last one.
            unsafe { bindings::msg_zerocopy_put_abort(self.as_ptr(), true) };
        }
    }
}
