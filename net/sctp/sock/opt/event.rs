// SPDX-License-Identifier: GPL-2.0

//! Options that say what a user wants to be told: SCTP_EVENTS (RFC 6458, 6.2.1) and
//! SCTP_RECVRCVINFO (8.1.29).

use crate::sys::{
    bindings,
    sock::Sk,
    user::{Abi, OptionIn, OptionOut},
};
use core::mem::size_of;
use kernel::prelude::*;

const EVENTS_LEN: usize = size_of::<bindings::sctp_event_subscribe>();

/// Each byte that the user gives switches one kind of notification; those beyond stay.
pub(super) fn set_events(sk: &Sk, value: &OptionIn) -> Result {
    if value.len() > EVENTS_LEN {
        return Err(EINVAL);
    }
    let events: bindings::sctp_event_subscribe = value.read_prefix()?;
    let endpoint = sk.endpoint()?;
    let mut inner = endpoint.inner.lock();
    for (bit, &on) in events.bytes().iter().take(value.len()).enumerate() {
        let mask = 1 << bit;
        if on != 0 {
            inner.settings.subscriptions |= mask;
        } else {
            inner.settings.subscriptions &= !mask;
        }
    }
    Ok(())
}

pub(super) fn get_events(sk: &Sk, value: &OptionOut) -> Result {
    if value.len() == 0 {
        return Err(EINVAL);
    }
    let subscriptions = sk.endpoint()?.inner.lock().settings.subscriptions;
    let mut bytes = [0; EVENTS_LEN];
    for (bit, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from(subscriptions & (1 << bit) != 0);
    }
    value.write(&bytes)
}

pub(super) fn set_recvrcvinfo(sk: &Sk, value: &OptionIn) -> Result {
    let on: i32 = value.read()?;
    sk.endpoint()?.inner.lock().settings.rcvinfo = on != 0;
    Ok(())
}

pub(super) fn get_recvrcvinfo(sk: &Sk, value: &OptionOut) -> Result {
    let on = sk.endpoint()?.inner.lock().settings.rcvinfo;
    value.write_whole(&i32::from(on))
}
