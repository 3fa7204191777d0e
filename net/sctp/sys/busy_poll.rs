// SPDX-License-Identifier: GPL-2.0

//! Busy polling (`SO_BUSY_POLL`): who waits looks after the device's queue itself for a while.
//!
//! C header: [`include/net/busy_poll.h`](srctree/include/net/busy_poll.h)

use super::{bindings, sock::Sk};

/// Looks at the queue that the last packet for the socket came from, if its user wants that, until
/// something is `done` or the time for it is over; once if `nonblock`. In process context, without
/// any lock.
pub(crate) fn busy_poll(sk: &Sk, nonblock: bool, mut done: impl FnMut() -> bool) {
    // SAFETY: The socket is valid.
    let may_poll = || unsafe { bindings::sctp_helper_sk_may_busy_poll(sk.as_ptr()) };
    if !may_poll() {
        return;
    }
    // SAFETY: Reads the clock.
    let start = unsafe { bindings::sctp_helper_busy_poll_now() };
    loop {
        // SAFETY: The socket is valid, and the caller may sleep.
        let has_time = unsafe { bindings::sctp_helper_sk_busy_poll(sk.as_ptr(), start) };
        if done() || nonblock || !has_time || !may_poll() {
            break;
        }
    }
}
