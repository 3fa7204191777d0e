// SPDX-License-Identifier: GPL-2.0

//! `ioctl()`.

use crate::{
    endpoint::{Item, Style},
    sys::{
        bindings,
        sock::{Sk, State},
    },
};
use kernel::{
    error::code::ENOIOCTLCMD,
    prelude::*, //
};

/// Answers SIOCINQ: how many bytes of the first message are there to be read.
pub(crate) fn ioctl(sk: &Sk, cmd: u32) -> Result<c_int> {
    if cmd != bindings::RUST_CONST_HELPER_SIOCINQ {
        // The generic layer goes on looking for somebody who knows it.
        return Err(ENOIOCTLCMD);
    }
    let endpoint = sk.endpoint()?;
    if endpoint.style == Style::OneToOne && sk.state() == State::Listening {
        return Err(ENOTCONN);
    }
    let inner = endpoint.inner.lock();
    let len = match inner.first() {
        None => 0,
        Some(Item::Notification { bytes, read, .. }) => bytes.len().saturating_sub(*read),
        Some(Item::Data { received, read, .. }) => received.len().saturating_sub(*read),
    };
    Ok(c_int::try_from(len).unwrap_or(c_int::MAX))
}
