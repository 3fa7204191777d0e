// SPDX-License-Identifier: GPL-2.0

//! How messages are delivered in parts: SCTP_FRAGMENT_INTERLEAVE (RFC 6458, 8.1.20),
//! SCTP_PARTIAL_DELIVERY_POINT (8.1.21).

use crate::sys::{
    sock::Sk,
    user::{OptionIn, OptionOut},
};
use kernel::prelude::*;

/// Whether others' messages may come between the parts of one. Level 2 is for I-DATA (RFC 8260): as
/// in the C module it is taken for level 1.
pub(super) fn set_interleave(sk: &Sk, value: &OptionIn) -> Result {
    let level: i32 = value.read_version()?;
    let endpoint = sk.endpoint()?;
    let mut inner = endpoint.inner.lock();
    inner.settings.interleaves_fragments = level != 0;
    if level != 0 {
        inner.queue.interleave();
    }
    drop(inner);
    // There may be something to read now.
    sk.wake_readers();
    Ok(())
}

/// Applies to all associations of the socket, present and future. It may be as large as the window
/// that they begin with.
pub(super) fn set_point(sk: &Sk, value: &OptionIn) -> Result {
    let bytes: u32 = value.read_version()?;
    if bytes > sk.rcvbuf() / 2 {
        return Err(EINVAL);
    }
    let endpoint = sk.endpoint()?;
    let assocs = endpoint.all_assocs()?;
    endpoint.inner.lock().settings.config.partial_delivery_point = bytes;
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
