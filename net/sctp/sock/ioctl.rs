// SPDX-License-Identifier: GPL-2.0

//! `ioctl()`.

use crate::{
    endpoint::{Endpoint, Style},
    sys::{
        bindings,
        sock::{Sk, State},
    },
};
use kernel::{
    error::code::ENOIOCTLCMD,
    prelude::*, //
};

/// Answers SIOCINQ and SIOCOUTQ.
pub(crate) fn ioctl(sk: &Sk, cmd: u32) -> Result<c_int> {
    let answer: fn(&Endpoint) -> Result<usize> = match cmd {
        bindings::RUST_CONST_HELPER_SIOCINQ => unread,
        bindings::RUST_CONST_HELPER_SIOCOUTQ => unacked,
        // The generic layer goes on looking for somebody who knows it.
        _ => return Err(ENOIOCTLCMD),
    };
    let endpoint = sk.endpoint()?;
    if endpoint.style == Style::OneToOne && sk.state() == State::Listening {
        return Err(ENOTCONN);
    }
    Ok(c_int::try_from(answer(endpoint)?).unwrap_or(c_int::MAX))
}

/// How many bytes of the first message are there to be read.
fn unread(endpoint: &Endpoint) -> Result<usize> {
    let mut inner = endpoint.inner.lock();
    Ok(inner.queue.first().map_or(0, |item| item.unread()))
}

/// How many bytes of messages the peers have not acknowledged: what SIOCOUTQ means to TCP.
fn unacked(endpoint: &Endpoint) -> Result<usize> {
    let mut bytes = 0_usize;
    for assoc in &endpoint.all_assocs()? {
        bytes = bytes.saturating_add(assoc.lock().inner.engine.unacked_bytes());
    }
    Ok(bytes)
}
