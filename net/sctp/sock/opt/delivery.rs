// SPDX-License-Identifier: GPL-2.0

//! How messages are delivered in parts: SCTP_PARTIAL_DELIVERY_POINT (RFC 6458, 8.1.21).

use crate::sys::{
    sock::Sk,
    user::{OptionIn, OptionOut},
};
use kernel::prelude::*;

/// Applies to all associations of the socket, present and future. It may be as large as the window
/// that they begin with.
pub(super) fn set_point(sk: &Sk, value: &OptionIn) -> Result {
    let bytes: u32 = value.read_exact()?;
    if bytes > sk.rcvbuf() / 2 {
        return Err(EINVAL);
    }
    let endpoint = sk.endpoint()?;
    let assocs = endpoint.all_assocs()?;
    let config = &mut endpoint.inner.lock().settings.config;
    config.partial_delivery_point = bytes;
    for assoc in &assocs {
        let mut locked = assoc.lock();
        locked.inner.engine.set_partial_delivery_point(bytes);
    }
    Ok(())
}

pub(super) fn get_point(sk: &Sk, value: &OptionOut) -> Result {
    let bytes = (sk.endpoint()?.inner.lock().settings.config).partial_delivery_point;
    value.write_whole(&bytes)
}
