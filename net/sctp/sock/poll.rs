// SPDX-License-Identifier: GPL-2.0

//! `poll()`: one mapping from the socket's state to events.

use crate::{
    endpoint::Style,
    sys::{
        bindings,
        sock::{Sk, State},
    },
};

/// The events that are true now.
pub(crate) fn poll(sk: &Sk) -> u32 {
    let Ok(endpoint) = sk.endpoint() else {
        return bindings::RUST_CONST_HELPER_EPOLLERR;
    };
    let one_to_one = endpoint.style == Style::OneToOne;
    let (readable, acceptable) = {
        let mut inner = endpoint.inner.lock();
        (
            inner.is_readable(sk.rcvlowat()),
            !inner.accept_queue.is_empty(),
        )
    };
    if one_to_one && sk.state() == State::Listening {
        return if acceptable {
            bindings::RUST_CONST_HELPER_EPOLLIN | bindings::RUST_CONST_HELPER_EPOLLRDNORM
        } else {
            0
        };
    }
    let shutdown = sk.shutdown();
    let mut mask = 0;
    if sk.has_error() || sk.has_queued_error() {
        mask |= bindings::RUST_CONST_HELPER_EPOLLERR;
    }
    if shutdown & bindings::RCV_SHUTDOWN != 0 {
        mask |= bindings::RUST_CONST_HELPER_EPOLLRDHUP
            | bindings::RUST_CONST_HELPER_EPOLLIN
            | bindings::RUST_CONST_HELPER_EPOLLRDNORM;
    }
    if shutdown == bindings::SHUTDOWN_MASK {
        mask |= bindings::RUST_CONST_HELPER_EPOLLHUP;
    }
    if readable {
        mask |= bindings::RUST_CONST_HELPER_EPOLLIN | bindings::RUST_CONST_HELPER_EPOLLRDNORM;
    }
    // Nothing can be sent yet, or any more.
    if one_to_one && matches!(sk.state(), State::Closed | State::Establishing) {
        return mask;
    }
    if sk.is_writeable() {
        mask |= bindings::RUST_CONST_HELPER_EPOLLOUT | bindings::RUST_CONST_HELPER_EPOLLWRNORM;
    } else {
        sk.want_write_space();
        // It may have become so before the wish was noted.
        if sk.is_writeable() {
            mask |= bindings::RUST_CONST_HELPER_EPOLLOUT | bindings::RUST_CONST_HELPER_EPOLLWRNORM;
        }
    }
    mask
}
